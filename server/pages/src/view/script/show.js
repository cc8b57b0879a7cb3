// Comfort: the page does everything without it. What it adds it makes itself, so
// that nothing is dead where scripts are off. Statements end with semicolons, since
// line ends are left out.
for (const field of document.querySelectorAll("[data-show]")) {
  const { show } = field.dataset;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = show;
  button.ariaLabel = show + ": " + field.labels[0].textContent;
  button.ariaPressed = false;
  button.onclick = () => {
    const shown = field.type == "password";
    field.type = shown ? "text" : "password";
    button.ariaPressed = shown;
  };
  field.after(button);
}
