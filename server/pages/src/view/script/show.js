// Comfort: the page does everything without it. What it adds it makes itself, so
// that nothing is dead where scripts are off. Statements end with semicolons, since
// line ends are left out.
for (const field of document.querySelectorAll("[data-show]")) {
  const { show } = field.dataset;
  const label = show + " " + field.labels[0].textContent;
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: show, ariaLabel: label, ariaPressed: false });
  button.onclick = () => {
    const shown = button.ariaPressed = field.type == "password";
    field.type = shown ? "text" : "password";
  };
  field.after(button);
}
