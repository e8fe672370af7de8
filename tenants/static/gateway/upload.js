// Says at once what the server would refuse, and shows that something is under way. The form works without it.
"use strict";
for (const form of document.querySelectorAll("form[data-max-bytes]")) {
  const most = Number(form.dataset.maxBytes);
  const note = form.querySelector("[role=alert]");
  const button = form.querySelector("button");
  const label = button.textContent;
  const rest = () => {
    form.removeAttribute("aria-busy");
    button.textContent = label;
  };
  form.addEventListener("submit", (event) => {
    const file = form.querySelector("input[type=file]").files[0];
    note.hidden = true;
    if (file && file.size > most) {
      event.preventDefault();
      note.textContent = `“${file.name}” has ${file.size.toLocaleString()} bytes; ${most.toLocaleString()} is the most.`;
      note.hidden = false;
      return;
    }
    form.setAttribute("aria-busy", "true");
    button.textContent = "Uploading …";
  });
  // The page may come back as it was left, by "Back" or after a connection that broke.
  window.addEventListener("pageshow", rest);
  window.addEventListener("online", rest);
}
