import { orAborted } from "../abort.js";

/** Lets so many pieces of work go on at once; the others wait in the order in which they came. */
export class Slots {
	#free: number;
	readonly #waiting: (() => void)[] = [];

	constructor(count: number) {
		this.#free = count;
	}

	/** @throws ArchiverError ABORTED when `signal` aborts before there is a slot; or what `work` throws. */
	async use<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
		await this.#take(signal);
		try {
			return await work();
		} finally {
			this.#release();
		}
	}

	async #take(signal: AbortSignal): Promise<void> {
		if (this.#free > 0) {
			this.#free--;
			return;
		}
		let take: () => void = () => {};
		const free = new Promise<void>((resolve) => {
			take = () => {
				this.#free--;
				resolve();
			};
		});
		this.#waiting.push(take);
		try {
			await orAborted(free, signal);
		} catch (error) {
			const place = this.#waiting.indexOf(take);
			if (place >= 0) this.#waiting.splice(place, 1);
			// It was given one in the same moment.
			else this.#release();
			throw error;
		}
	}

	#release(): void {
		this.#free++;
		this.#waiting.shift()?.();
	}
}
