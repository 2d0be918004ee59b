// Asks the browser for a passkey and sends its answer with the form. Where it does not run, the code does.
const button = document.querySelector("[data-passkey]"), { form } = button, part = button.closest("[hidden]");
const bytes = text => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), sign => sign.charCodeAt());
const text = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

async function ask() {
  const options = JSON.parse(button.dataset.passkey), { user } = options, answer = {};
  options.challenge = bytes(options.challenge);
  for (const known of options.allowCredentials || options.excludeCredentials) known.id = bytes(known.id);
  if (user) user.id = bytes(user.id);
  const { id, type, response } = await navigator.credentials[user ? "create" : "get"]({ publicKey: options });
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature"])
    if (response[name]) answer[name] = text(response[name]);
  form.querySelector("[name=passkey]").value = JSON.stringify({ id, rawId: id, type, response: answer });
  form.submit();
}

async function press(event) {
  event.preventDefault();
  const failed = form.querySelector("[data-failed]");
  failed.textContent = failed.className = "";
  try {
    await ask();
  } catch {
    failed.textContent = failed.dataset.failed;
    failed.className = "error";
  }
}

if (window.PublicKeyCredential) {
  part.hidden = false;
  if (button.type === "submit") form.addEventListener("submit", press);
  else button.addEventListener("click", press);
}
