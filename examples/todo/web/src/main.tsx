import "@fontsource-variable/figtree/wght.css";
import "@fontsource-variable/fraunces/opsz.css";
import "./style.css";

import { render } from "preact";
import { App } from "./app";

// After a deploy an open tab may ask for a chunk of the release before. It is kept for a while; should
// it be gone nevertheless, the page of today knows its own chunks. Once: a reload that does not help
// must not become a loop.
addEventListener("vite:preloadError", (event) => {
  if (sessionStorage.getItem("reloaded") !== null) return;
  event.preventDefault();
  sessionStorage.setItem("reloaded", "for a chunk");
  location.reload();
});

render(<App />, document.getElementById("app")!);
