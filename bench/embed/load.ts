import { setTimeout } from "node:timers/promises";
import { Pool } from "undici";
import { SEED } from "../support/bench.js";

const MOST_CONNECTIONS = 200;

/**
 * Sends requests at random times, so many a second on average, whether or not earlier ones were answered: as users do,
 * who don't wait for each other.
 *
 * @returns how long each took, in milliseconds.
 */
export async function sendRequests(
	port: number,
	requestsPerSecond: number,
	seconds: number,
): Promise<number[]> {
	const pool = new Pool(`http://127.0.0.1:${port}`, {
		connections: MOST_CONNECTIONS,
	});
	const timesMs: number[] = [];
	const requests: Promise<void>[] = [];
	const random = randomFrom(SEED);
	const startMs = performance.now();
	let dueMs = 0;
	while (dueMs < seconds * 1000) {
		const waitMs = dueMs - (performance.now() - startMs);
		if (waitMs > 0) await setTimeout(waitMs);
		requests.push(request(pool, timesMs));
		// Gaps of independent arrivals are distributed exponentially.
		dueMs -= (Math.log(1 - random()) * 1000) / requestsPerSecond;
	}
	await Promise.all(requests);
	await pool.close();
	return timesMs;
}

async function request(pool: Pool, timesMs: number[]): Promise<void> {
	const startMs = performance.now();
	const { statusCode, body } = await pool.request({ path: "/", method: "GET" });
	await body.dump();
	if (statusCode !== 200) throw new Error(`the server answered ${statusCode}`);
	timesMs.push(performance.now() - startMs);
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
