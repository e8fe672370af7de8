// A button that copies the address beside it. Without it, or without HTTPS, a click on the address selects all of it.
"use strict";
if (navigator.clipboard) {
  for (const button of document.querySelectorAll(".copy button")) {
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = label; }, 2000);
    });
  }
}
