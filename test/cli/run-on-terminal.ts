import { spawn, spawnSync } from "node:child_process";
import { MAIN } from "./run-cli.js";

/** What util-linux has for a terminal of one's own. */
const SCRIPT = "script";

/** Whether commands can be run on a terminal here. */
export function hasTerminals(): boolean {
	const { stdout } = spawnSync(SCRIPT, ["--version"], { encoding: "utf8" });
	return stdout?.includes("util-linux") ?? false;
}

/** Runs a command on a terminal, and answers its first question once it is asked. */
export function runOnTerminal(
	args: readonly string[],
	answer: string,
): Promise<{ status: number | null; text: string }> {
	const command = [process.execPath, MAIN, ...args].map(quoted).join(" ");
	return new Promise((resolve, reject) => {
		const child = spawn(SCRIPT, ["-qec", command, "/dev/null"], {
			env: { ...process.env, ARCHIVER_FSYNC: "off" },
			stdio: ["pipe", "pipe", "inherit"],
		});
		let text = "";
		let answered = false;
		child.stdout.setEncoding("utf8").on("data", (piece: string) => {
			text += piece;
			if (answered || !text.includes("[y/N]")) return;
			answered = true;
			child.stdin.write(`${answer}\n`);
		});
		child.on("error", reject);
		child.on("close", (status) => resolve({ status, text }));
	});
}

function quoted(word: string): string {
	return `'${word.replaceAll("'", "'\\''")}'`;
}
