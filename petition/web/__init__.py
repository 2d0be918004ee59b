"""The doors: the only floor, with app.py, that knows Litestar."""
