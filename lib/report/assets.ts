import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { STYLE } from "./style.js";

/** What a page brings along. */
export interface Assets {
	styles: readonly string[];
	/** In the order in which they run. */
	scripts: readonly { type: "text/javascript" | "module"; text: string }[];
}

let assets: Assets | undefined;

/** Reads uPlot, and the script that draws with it in the browser. Once a thread. */
export function loadAssets(): Assets {
	assets ??= {
		styles: [uplotFile("uPlot.min.css"), STYLE],
		scripts: [
			{ type: "text/javascript", text: uplotFile("uPlot.iife.min.js") },
			{ type: "module", text: drawingScript() },
		],
	};
	return assets;
}

function uplotFile(name: string): string {
	const { resolve } = createRequire(import.meta.url);
	return readFileSync(resolve(`uplot/dist/${name}`), "utf8");
}

function drawingScript(): string {
	const file = new URL("./browser/draw-plots.js", import.meta.url);
	return readFileSync(file, "utf8").replace(/^\/\/# sourceMappingURL=.*$/m, "");
}
