import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { needInstalled } from "../servers/installed.js";

const FLAGS = [
	"--headless",
	"--no-sandbox",
	"--disable-gpu",
	"--disable-quic",
	"--no-first-run",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-sync",
];

/** A page that is open, and everything that it should not have done since. */
export interface OpenPage {
	page: Page;
	/** What it asked for beside itself, errors on its console or thrown in it, and dialogs that it opened. */
	misdeeds: string[];
}

/** A browser for the tests of the surrounding `describe`, which are skipped where there is none. */
export function useBrowser(): (
	path: string,
	colorScheme?: "light" | "dark",
) => Promise<OpenPage> {
	let browser: Browser;
	before(async function () {
		needInstalled(this, "chromium", "chromium");
		browser = await chromium.launch({
			executablePath: "/usr/bin/chromium",
			args: FLAGS,
		});
	});
	after(() => browser?.close());
	return async (path, colorScheme = "light") => {
		const page = await browser.newPage({
			viewport: { width: 1300, height: 900 },
			colorScheme,
		});
		const url = pathToFileURL(path).href;
		const misdeeds: string[] = [];
		page.on("request", (request) => {
			if (request.url() !== url) misdeeds.push(`asked for ${request.url()}`);
		});
		page.on("console", (message) => misdeeds.push(message.text()));
		page.on("pageerror", ({ message }) => misdeeds.push(message));
		page.on("dialog", (dialog) => {
			misdeeds.push(`opened a dialog: ${dialog.message()}`);
			void dialog.dismiss();
		});
		await page.goto(url);
		return { page, misdeeds };
	};
}
