import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Another Node.js process, for tests of what happens between processes, or when one of them dies. */
export class Child {
	readonly pid: number;
	readonly #process: ChildProcess;
	readonly #lines: AsyncIterator<string>;
	/** Resolves to the exit code, or the name of the signal that ended it. */
	readonly ended: Promise<number | string>;

	private constructor(process: ChildProcess) {
		if (process.stdout === null || process.pid === undefined)
			throw new Error("the process could not be started");
		this.#process = process;
		this.pid = process.pid;
		this.ended = once(process, "exit").then(([code, signal]) => code ?? signal);
		this.#lines = createInterface(process.stdout)[Symbol.asyncIterator]();
	}

	/** Runs a module: a file, or its text. It finds `args` in `process.argv` from 2, or from 1, on. */
	static start(
		module: URL | { text: string },
		args: readonly string[] = [],
	): Child {
		const what =
			module instanceof URL
				? [module.pathname]
				: ["--input-type=module", "-e", module.text];
		return new Child(
			spawn(process.execPath, [...what, ...args], {
				stdio: ["pipe", "pipe", "inherit"],
			}),
		);
	}

	/** The next line that it writes; undefined: it has ended. */
	async line(): Promise<string | undefined> {
		const { value, done } = await this.#lines.next();
		return done ? undefined : value;
	}

	/** Every line that is still to come. */
	async lines(): Promise<string[]> {
		const lines: string[] = [];
		for (let line = await this.line(); line !== undefined; ) {
			lines.push(line);
			line = await this.line();
		}
		return lines;
	}

	tell(line: string): void {
		this.#process.stdin?.write(`${line}\n`);
	}

	/** Ends it at once; resolves when it is gone. */
	async kill(): Promise<void> {
		this.#process.kill("SIGKILL");
		await this.ended;
	}
}

/** Children of one test: those that still live are killed after it. */
export function useChildren(): (
	...args: Parameters<typeof Child.start>
) => Child {
	const children: Child[] = [];
	afterEach(async () => {
		await Promise.all(children.splice(0).map((child) => child.kill()));
	});
	return (...args) => {
		const child = Child.start(...args);
		children.push(child);
		return child;
	};
}
