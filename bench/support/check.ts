import { jobDataOf } from "../../lib/codec/job-data.js";
import { measureColumn } from "../../lib/codec/statistics.js";
import type { Archive, Column, Job, JobData } from "../../lib/index.js";
import { decodeStored } from "../../workers/decode.js";

/** Reads a job back, from whatever it was archived in, and compares every sample with what went in, bit for bit. */
export async function checkArchived(
	archive: Archive,
	job: Job,
	columns: readonly Column[],
): Promise<void> {
	const { bytes, encoding } = await archive.loadStoredData(job);
	assertSameSamples(
		columns,
		jobDataOf(decodeStored(bytes, encoding), measureColumn),
	);
}

function assertSameSamples(columns: readonly Column[], back: JobData): void {
	for (const { metric, scope, lengths, samples } of columns) {
		const name = `${metric}/${scope}`;
		const series = back[metric]?.[scope]?.series ?? [];
		if (series.length !== lengths.length)
			throw new Error(
				`${name} came back with ${series.length} series of ${lengths.length}`,
			);
		let start = 0;
		lengths.forEach((length, i) => {
			const { data } = series[i];
			if (data.length !== length)
				throw new Error(`${name} series ${i} came back with another length`);
			for (let k = 0; k < length; k++) {
				if (!Object.is(data[k], samples[start + k]))
					throw new Error(`${name} series ${i} sample ${k} came back changed`);
			}
			start += length;
		});
	}
}
