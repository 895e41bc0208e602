import "@fontsource-variable/figtree/wght.css";
import "@fontsource-variable/fraunces/opsz.css";
import "./style.css";

import { render } from "preact";
import { App } from "./app";

render(<App />, document.getElementById("app")!);
