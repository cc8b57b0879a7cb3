// A browser may keep this page whole for whoever goes back to it, whatever it is
// told about storing. What was typed must not stand there any more.
onpagehide = () => document.forms[0].reset();
