/** A moment that can be moved closer, and work that is waited for until then. Leaves no timer behind. */
export class Deadline {
	#endMs: number;
	#timer: NodeJS.Timeout | undefined;
	#passed: () => void = () => {};

	constructor(timeoutMs: number) {
		this.#endMs = performance.now() + timeoutMs;
	}

	/** Moves the deadline to `timeoutMs` from now when that is earlier. */
	shorten(timeoutMs: number): void {
		const endMs = performance.now() + timeoutMs;
		if (endMs >= this.#endMs) return;
		this.#endMs = endMs;
		if (this.#timer !== undefined) this.#start();
	}

	/** Whether `work` is fulfilled or rejected before the deadline. */
	async meets(work: Promise<unknown>): Promise<boolean> {
		const passed = new Promise<boolean>((resolve) => {
			this.#passed = () => resolve(false);
		});
		const done = work.then(
			() => true,
			() => true,
		);
		this.#start();
		try {
			return await Promise.race([done, passed]);
		} finally {
			clearTimeout(this.#timer);
			this.#timer = undefined;
		}
	}

	#start(): void {
		clearTimeout(this.#timer);
		const leftMs = Math.max(0, this.#endMs - performance.now());
		this.#timer = setTimeout(() => this.#passed(), leftMs);
	}
}
