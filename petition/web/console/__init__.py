"""The organizers' doors: who they are, what they see of who signed, what they do about it."""
