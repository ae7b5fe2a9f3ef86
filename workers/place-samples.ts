import type { AskedColumn, JobInterval } from "../lib/source/asked-columns.js";
import type { NumberBuffer } from "./number-buffer.js";

/**
 * Writes samples that were taken every `resolution` seconds, the first of them at `from`, into the timesteps of a series,
 * which count from the job's start. Samples from before the job and after it are left out; timesteps without a sample stay
 * as they are. Where samples lie closer together than timesteps, those that meet in one are averaged or added up.
 *
 * @param series - The series' timesteps.
 */
export function placeSamples(
	{ values, length }: NumberBuffer,
	from: number,
	resolution: number,
	series: Float64Array,
	{ timestep, merge }: Pick<AskedColumn, "timestep" | "merge">,
	{ startTime, endTime }: JobInterval,
): void {
	const first = Math.max(0, Math.ceil((startTime - from) / resolution));
	const last = Math.min(length - 1, Math.floor((endTime - from) / resolution));
	if (last < first) return;
	if (resolution === timestep) {
		const slot = Math.floor((from + first * resolution - startTime) / timestep);
		series.set(values.subarray(first, last + 1), slot);
		return;
	}
	let previous = -1;
	let sum = 0;
	let met = 0;
	for (let i = first; i <= last; i++) {
		const value = values[i];
		if (Number.isNaN(value)) continue;
		const slot = Math.floor((from + i * resolution - startTime) / timestep);
		met = slot === previous ? met + 1 : 1;
		sum = slot === previous ? sum + value : value;
		previous = slot;
		series[slot] = merge === "sum" ? sum : sum / met;
	}
}
