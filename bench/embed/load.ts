import { setTimeout } from "node:timers/promises";
import { Pool } from "undici";
import { SEED } from "../support/bench.js";

const CONNECTIONS = 64;
const KEEP_ALIVE_MS = 60_000;

/** Sends requests over connections that are open already, as those of a proxy before a backend are. */
export class Load {
	readonly #pool: Pool;

	private constructor(port: number) {
		this.#pool = new Pool(`http://127.0.0.1:${port}`, {
			connections: CONNECTIONS,
			keepAliveTimeout: KEEP_ALIVE_MS,
		});
	}

	static async connect(port: number): Promise<Load> {
		const load = new Load(port);
		await Promise.all(
			Array.from({ length: CONNECTIONS }, () => load.#request()),
		);
		return load;
	}

	/**
	 * Sends so many requests a second on average, at random times, whether or not earlier ones were answered: as users do,
	 * who don't wait for each other.
	 *
	 * @returns how long each took, in milliseconds.
	 */
	async send(requestsPerSecond: number, seconds: number): Promise<number[]> {
		const requests: Promise<number>[] = [];
		const random = randomFrom(SEED);
		const startMs = performance.now();
		let dueMs = 0;
		while (dueMs < seconds * 1000) {
			const waitMs = dueMs - (performance.now() - startMs);
			if (waitMs > 0) await setTimeout(waitMs);
			requests.push(this.#request());
			// Gaps of independent arrivals are distributed exponentially.
			dueMs -= (Math.log(1 - random()) * 1000) / requestsPerSecond;
		}
		return Promise.all(requests);
	}

	close(): Promise<void> {
		return this.#pool.close();
	}

	/** @returns how long it took, the wait for a free connection included. */
	async #request(): Promise<number> {
		const startMs = performance.now();
		const { statusCode, body } = await this.#pool.request({
			path: "/",
			method: "GET",
		});
		await body.dump();
		if (statusCode !== 200)
			throw new Error(`the server answered ${statusCode}`);
		return performance.now() - startMs;
	}
}

/** Uniform numbers in [0, 1): xorshift32, Marsaglia, "Xorshift RNGs" (2003). */
function randomFrom(seed: number): () => number {
	let state = seed;
	return () => {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		return (state >>> 0) / 2 ** 32;
	};
}
