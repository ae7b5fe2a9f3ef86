import { DATA_FACTS_KEY, dataFactsOf } from "../archive/data-facts.js";
import type { Job } from "../schema/job.js";
import { formatUnit } from "../schema/unit.js";
import type { ParquetColumn, ParquetTable } from "./parquet-table.js";
import { compareText } from "./text-order.js";

/** Names under which the jobs of an export have numbers. Each list is sorted, and its names are distinct. */
export interface JobNumberNames {
	/** Metrics with statistics over the job. */
	statistics: string[];
	/** Keys of footprints. */
	footprint: string[];
	/** Metrics with an energy. */
	energy: string[];
}

/** A column of the jobs table, and where its values come from. Numbers that may be missing are undefined then. */
interface JobColumn extends ParquetColumn {
	of(job: Job): string | number | readonly string[] | undefined;
}

/** One row a job. Columns and units that the jobs' numbers need follow those that every job has. */
export function jobsTable(names: JobNumberNames): ParquetTable {
	return {
		columns: columnsFor(names).map(({ name, type, optional }) => ({
			name,
			type,
			optional,
		})),
		sortedBy: ["cluster", "job_id", "start_time"],
	};
}

/** The jobs' values, by column of {@link jobsTable}. */
export function jobRows(
	jobs: readonly Job[],
	names: JobNumberNames,
): unknown[][] {
	return columnsFor(names).map(({ type, of }) =>
		jobs.map((job) => {
			const value = of(job) ?? null;
			if (type === "timestamp" && typeof value === "number")
				return BigInt(value) * 1000n;
			return type === "integer" && typeof value === "number"
				? BigInt(value)
				: value;
		}),
	);
}

/** Gathers the names that an export's jobs need columns for. */
export class JobNumbers {
	readonly #statistics = new Set<string>();
	readonly #footprint = new Set<string>();
	readonly #energy = new Set<string>();

	add({ statistics = {}, footprint = {}, energyFootprint = {} }: Job): void {
		for (const metric of Object.keys(statistics)) this.#statistics.add(metric);
		for (const key of Object.keys(footprint)) this.#footprint.add(key);
		for (const metric of Object.keys(energyFootprint)) this.#energy.add(metric);
	}

	names(): JobNumberNames {
		return {
			statistics: sorted(this.#statistics),
			footprint: sorted(this.#footprint),
			energy: sorted(this.#energy),
		};
	}
}

/** Those that every job has. The names are those of the job table in ClusterCockpit's database. */
const COLUMNS: readonly JobColumn[] = [
	{ name: "cluster", type: "string", of: (job) => job.cluster },
	{ name: "job_id", type: "integer", of: (job) => job.jobId },
	{ name: "start_time", type: "timestamp", of: (job) => job.startTime },
	{ name: "subcluster", type: "string", of: (job) => job.subCluster },
	{ name: "hpc_user", type: "string", of: (job) => job.user },
	{ name: "project", type: "string", of: (job) => job.project },
	text("cluster_partition", (job) => job.partition),
	integer("array_job_id", (job) => job.arrayJobId),
	{ name: "job_state", type: "string", of: (job) => job.jobState },
	{ name: "shared", type: "string", of: (job) => job.shared },
	integer("smt", (job) => job.smt),
	{ name: "num_nodes", type: "integer", of: (job) => job.numNodes },
	integer("num_hwthreads", (job) => job.numHwthreads),
	integer("num_acc", (job) => job.numAcc),
	{ name: "duration", type: "integer", of: (job) => job.duration },
	integer("walltime", (job) => job.walltime),
	integer("requested_memory", (job) => job.requestedMemory),
	{
		name: "submit_time",
		type: "timestamp",
		optional: true,
		of: (job) => job.submitTime,
	},
	{
		name: "hostnames",
		type: "strings",
		of: (job) => job.resources.map(({ hostname }) => hostname),
	},
	{
		name: "tags",
		type: "strings",
		of: (job) => job.tags.map(({ type, name }) => `${type}:${name}`),
	},
	text("job_name", (job) => job.metaData.jobName),
	{ name: "meta_data", type: "string", of: metaDataOf },
	integer("num_series", (job) => dataFactsOf(job)?.series),
	integer("num_samples", (job) => dataFactsOf(job)?.samples),
	double("completeness", (job) => dataFactsOf(job)?.completeness?.share),
	double("energy", (job) => job.energy),
];

function columnsFor(names: JobNumberNames): JobColumn[] {
	const { statistics, footprint, energy } = names;
	return withDistinctNames([
		...COLUMNS,
		...statistics.flatMap(statisticsColumns),
		...footprint.map((key) =>
			double(`footprint_${key}`, (job) => job.footprint?.[key]),
		),
		...energy.map((metric) =>
			double(`energy_${metric}`, (job) => job.energyFootprint?.[metric]),
		),
	]);
}

function statisticsColumns(metric: string): JobColumn[] {
	return [
		double(`${metric}_avg`, (job) => job.statistics?.[metric]?.avg),
		double(`${metric}_min`, (job) => job.statistics?.[metric]?.min),
		double(`${metric}_max`, (job) => job.statistics?.[metric]?.max),
		text(`${metric}_unit`, (job) => {
			const unit = job.statistics?.[metric]?.unit;
			return unit && formatUnit(unit);
		}),
	];
}

/** Queries don't tell upper from lower case in a column's name: of two that are the same then, the later gets a number. */
function withDistinctNames(columns: readonly JobColumn[]): JobColumn[] {
	const taken = new Set<string>();
	return columns.map((column) => {
		let { name } = column;
		for (let number = 2; taken.has(name.toLowerCase()); number++)
			name = `${column.name}_${number}`;
		taken.add(name.toLowerCase());
		return { ...column, name };
	});
}

/** As JSON, without what this archiver adds, which has columns of its own. */
function metaDataOf({ metaData }: Job): string {
	const entries = Object.entries(metaData);
	return JSON.stringify(
		Object.fromEntries(entries.filter(([key]) => key !== DATA_FACTS_KEY)),
	);
}

function text(name: string, of: JobColumn["of"]): JobColumn {
	return { name, type: "string", optional: true, of };
}

function integer(name: string, of: JobColumn["of"]): JobColumn {
	return { name, type: "integer", optional: true, of };
}

function double(name: string, of: JobColumn["of"]): JobColumn {
	return { name, type: "double", optional: true, of };
}

function sorted(names: ReadonlySet<string>): string[] {
	return [...names].sort(compareText);
}
