import { type ChildProcess, execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The built command line, seen from the built test. */
export const MAIN = fileURLToPath(
	new URL("../../lib/cli/main.js", import.meta.url),
);

export interface CliResult {
	status: number | null;
	signal: NodeJS.Signals | null;
	stdout: string;
	stderr: string;
}

export interface CliOptions {
	cwd?: string;
	/** Beside the test's own environment without what npm and this library read, and with `ARCHIVER_FSYNC` off. */
	env?: Record<string, string>;
	/** Told once the process runs. */
	onStart?(child: ChildProcess): void;
}

/** Runs a command in a process of its own, as a shell would. */
export function runCli(
	args: readonly string[],
	{ cwd, env = {}, onStart }: CliOptions = {},
): Promise<CliResult> {
	return new Promise((resolve) => {
		const child = execFile(
			process.execPath,
			[MAIN, ...args],
			{
				cwd,
				env: { ...plainEnvironment(), ARCHIVER_FSYNC: "off", ...env },
				maxBuffer: 2 ** 28,
			},
			(_error, stdout, stderr) => {
				const { exitCode: status, signalCode: signal } = child;
				resolve({ status, signal, stdout, stderr });
			},
		);
		onStart?.(child);
	});
}

/** The object that a command with `--json` printed: the last line, and here the only one. */
export function jsonOf<T = Record<string, number>>({ stdout }: CliResult): T {
	const lines = stdout.trimEnd().split("\n");
	if (lines.length !== 1)
		throw new Error(`expected one line of JSON, found:\n${stdout}`);
	return JSON.parse(lines[0]) as T;
}

function plainEnvironment(): Record<string, string> {
	return Object.fromEntries(
		Object.entries(process.env).flatMap(([name, value]) =>
			value === undefined || /^(npm_|ARCHIVER_)/.test(name)
				? []
				: [[name, value]],
		),
	);
}
