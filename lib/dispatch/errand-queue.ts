import type { Errand } from "./errand.js";

/** As many as a group of the writer has: 16 cost a sixth more CPU time a job than 64, and take as many more messages. */
const MOST_TOGETHER = 64;

/** Tasks that wait for a thread, lowest order first. */
export class ErrandQueue {
	readonly #waiting: Errand[] = [];

	get length(): number {
		return this.#waiting.length;
	}

	add(errand: Errand): void {
		let place = this.#waiting.length;
		while (place > 0 && this.#waiting[place - 1].order > errand.order) place--;
		this.#waiting.splice(place, 0, errand);
	}

	remove(errand: Errand): void {
		const place = this.#waiting.indexOf(errand);
		if (place >= 0) this.#waiting.splice(place, 1);
	}

	/** The next for one of `threads` threads: one, or the small ones at the head of the queue, of which others get their share. */
	take(threads: number): Errand[] {
		const most = Math.min(
			MOST_TOGETHER,
			Math.ceil(this.#waiting.length / threads),
		);
		let count = 0;
		while (count < most && this.#waiting[count].sociable) count++;
		return this.#waiting.splice(0, Math.max(1, count));
	}
}
