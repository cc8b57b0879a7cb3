// A browser may keep this page whole for whoever goes back to it, whatever it is
// told about storing. What was typed must not stand there any more.
addEventListener("pagehide", () => { for (const form of document.forms) form.reset(); });
