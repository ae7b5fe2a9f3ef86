import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { OpenSubject, SubjectAnswer, SubjectRequest } from "./subject.js";

const ENTRY = fileURLToPath(new URL("./subject-main.js", import.meta.url));

type SettingsOf<Open> =
	Open extends OpenSubject<infer Settings, infer _, infer __>
		? Settings
		: never;
type InputOf<Open> =
	Open extends OpenSubject<infer _, infer Input, infer __> ? Input : never;
type RunOf<Open> =
	Open extends OpenSubject<infer _, infer __, infer Run> ? Run : never;

/** A subject in its process. `Open` is the type of its module's default export. */
export class SubjectProcess<Open> {
	readonly #child: ChildProcess;

	private constructor(child: ChildProcess) {
		this.#child = child;
	}

	/** @param env - Variables beside those of this process. */
	static async start<Open>(
		module: URL,
		settings: SettingsOf<Open>,
		env: NodeJS.ProcessEnv = {},
	): Promise<SubjectProcess<Open>> {
		const child = fork(ENTRY, {
			serialization: "advanced",
			env: { ...process.env, ...env },
		});
		const started = new SubjectProcess<Open>(child);
		await started.#ask({ do: "open", module: module.href, settings });
		return started;
	}

	get pid(): number {
		return this.#child.pid as number;
	}

	run(input: InputOf<Open>): Promise<RunOf<Open>> {
		return this.#ask({ do: "run", input });
	}

	/** Ends the process; resolves to the most memory that it has held. */
	async close(): Promise<{ peakRssBytes: number }> {
		const ended = once(this.#child, "exit");
		const last = await this.#ask<{ peakRssBytes: number }>({ do: "close" });
		await ended;
		return last;
	}

	/** Ends the process whatever it is doing, when it is there. */
	kill(): void {
		this.#child.kill();
	}

	#ask<T>(request: SubjectRequest): Promise<T> {
		const child = this.#child;
		return new Promise((resolve, reject) => {
			const onExit = (code: number | null, signal: string | null) =>
				settle(() =>
					reject(new Error(`the subject's process ended: ${signal ?? code}`)),
				);
			const onMessage = (answer: SubjectAnswer) =>
				settle(() => {
					if (answer.ok) resolve(answer.value as T);
					else reject(new Error(answer.message));
				});
			const settle = (then: () => void) => {
				child.off("exit", onExit);
				child.off("message", onMessage);
				then();
			};
			child.on("exit", onExit);
			child.on("message", onMessage);
			child.send(request);
		});
	}
}
