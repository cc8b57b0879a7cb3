// Comfort: the page does everything without it. What it adds it makes itself, so
// that nothing is dead where scripts are off. Statements end with semicolons, since
// line ends are left out.
for (const field of document.querySelectorAll("[data-show]")) {
  const button = document.createElement("button");
  const show = shown => {
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", shown);
  };
  button.type = "button";
  button.textContent = field.dataset.show;
  button.onclick = () => show(field.type != "text");
  show(false);
  field.after(button);
}
