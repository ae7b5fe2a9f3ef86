import type { Column, DataFormat, Job, JobData } from "../../lib/index.js";
import { bitsOf } from "./jobs.js";
import { columnsFor, ScriptedSource } from "./scripted-source.js";

/**
 * A source whose jobs say which version of their data they are, so that a test finds out what it has got: the first
 * sample of each.
 */
export function versionedSource(version: number): ScriptedSource {
	return new ScriptedSource(({ job }) => columnsOfVersion(job, version));
}

/** Which version of a job's data these are; undefined when they are not to the bit (or, in json, the cent) one of them. */
export function versionOf(
	job: Job,
	data: JobData,
	format: DataFormat,
): number | undefined {
	const version = data.cpu_load?.node?.series[0]?.data[0] ?? Number.NaN;
	const columns = columnsOfVersion(job, version);
	const isWhole =
		Object.keys(data).length === columns.length &&
		columns.every((column) => isHeld(column, data, format));
	return isWhole ? version : undefined;
}

function columnsOfVersion(job: Job, version: number): Column[] {
	return columnsFor(job).map((column) => {
		column.samples.forEach((value, i) => {
			column.samples[i] = i === 0 ? version : value + version;
		});
		return column;
	});
}

function isHeld(
	{ metric, lengths, samples }: Column,
	data: JobData,
	format: DataFormat,
): boolean {
	const series = data[metric]?.node?.series ?? [];
	let start = 0;
	return (
		series.length === lengths.length &&
		series.every(({ data }, i) => {
			const expected = samples.slice(start, start + lengths[i]);
			start += lengths[i];
			return (
				bitsOf(data) ===
				bitsOf(format === "json" ? expected.map(toTwoDecimals) : expected)
			);
		})
	);
}

function toTwoDecimals(value: number): number {
	return Number(value.toFixed(2));
}
