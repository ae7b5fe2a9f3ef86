import type {
	Column,
	Compression,
	DataEncoding,
	DataFormat,
	MeasuredColumn,
} from "../codec/column.js";
import type { PartSummary } from "../codec/columnar/index.js";
import type { TextChecksum } from "../codec/data-id.js";
import type { JsonFragment } from "../codec/json/index.js";
import type { RowGroup } from "../export/parquet-table.js";
import type {
	JobRowsTask,
	ParquetFooterTask,
	SeriesRowGroups,
	SeriesRowsTask,
} from "../export/pool-tasks.js";
import type { Failure } from "../failure.js";
import type { ReportTask } from "../report/pool-tasks.js";
import type { Aggregation } from "../schema/cluster.js";
import type { Completeness } from "../schema/completeness.js";
import type { JobStatistics } from "../schema/job.js";
import type { DataSelection } from "../schema/metric.js";
import type { MetricScope } from "../schema/scope.js";
import type { ExpectedSeries } from "../source/expected-series.js";
import type {
	PackedColumns,
	PackTask,
	ParsedLines,
	ParseTask,
} from "../source/memory-store/pool-tasks.js";
import type { ScopePlan } from "../source/scope-plan.js";
import type { MetricChunk } from "../source/source.js";

/**
 * Every shape that crosses threads. Buffers named in a comment are transferred: the sender's copy is empty afterwards.
 */
export type PoolTask =
	| EncodeTask
	| FinishTask
	| DecodeTask
	| VerifyTask
	| ParseTask
	| PackTask
	| SeriesRowsTask
	| JobRowsTask
	| ParquetFooterTask
	| ReportTask;

/** What a thread is sent: one task, or small ones that waited together. */
export type PoolMessage = readonly PoolTask[];

/** The outcome of each task of a message, in their order. */
export type PoolAnswer = readonly TaskOutcome<unknown>[];

/** Turns a chunk into bytes of the archive. Transferred: the chunk's `buffer` or `bytes`. */
export interface EncodeTask {
	kind: "encode";
	chunk: MetricChunk;
	format: DataFormat;
	compression: Compression;
	/** json: percentiles to store with statistics over the series. Readers of columnar data derive them. */
	percentiles?: readonly number[];
	/** The chunk is the whole job: finish it as well, and return the complete data file. */
	whole: boolean;
	/** Decode what was encoded, and fail unless it is what it was made of: for a whole job that takes another one's place. */
	check?: boolean;
	/** Hold the columns against ClusterCockpit's published schema. */
	validate?: boolean;
	/** What becomes of the chunk's columns before they are encoded; absent: nothing. */
	preparation?: Preparation;
	/** What the job should hold; absent: its completeness is not asked for. */
	expected?: ExpectedSeries;
}

/** How a job's columns become those that are archived. */
export interface Preparation {
	/** For a chunk of native columns. */
	scopes?: ScopePlan;
	/** How metrics are aggregated that get a node scope which nobody brought; absent: none does. */
	aggregations?: ReadonlyMap<string, Aggregation>;
	/** Seconds between archived samples; 0: as recorded. */
	resolutionSeconds: number;
	/** Metrics whose samples are amounts, such as joules in a timestep: these have no average at another timestep. */
	amounts: ReadonlySet<string>;
}

/** Transferred: `bytes`, `recycled`. */
export interface EncodedChunk {
	/** May lie in the buffer of the chunk, at its beginning: that is free again once they are written. */
	bytes: Uint8Array<ArrayBuffer>;
	/** For {@link FinishTask}; absent when the task was for a whole job. */
	summary?: ChunkSummary;
	/** Samples in the chunk, gaps included. */
	samples: number;
	/** What the source could not bring of the chunk, and what goes beyond the schema, each with its reason. */
	notes: string[];
	/** The chunk's own buffers, to be used again; without the one that `bytes` lie in. */
	recycled: ArrayBuffer[];
	/** Present when the task was for a whole job: `bytes` is then the complete data file. */
	finished?: FinishedJob;
}

/** What {@link FinishTask} has to know of a part. Opaque to the main thread. */
export type ChunkSummary = BroughtFacts &
	(
		| { format: "columnar"; part: PartSummary }
		| { format: "json"; fragments: PlacedFragment[]; columns: MeasuredColumn[] }
	);

/** What is known of a chunk as its source brought it. */
export interface BroughtFacts {
	/** Empty when completeness is not asked for. */
	tallies: ColumnTally[];
	/** Its columns at node scope before they were resampled; absent: they are archived as they were. */
	recorded?: MeasuredColumn[];
}

/** What a source brought of one column, in one chunk. */
export interface ColumnTally {
	metric: string;
	scope: MetricScope;
	/** Seconds. */
	timestep: number;
	/** Hosts with a sample, each once. */
	hosts: readonly string[];
	/** Series, those without samples included. */
	series: number;
	/** Series with a sample. */
	presentSeries: number;
	presentSamples: number;
	/** Samples that these series should have. */
	expectedSamples: number;
}

/** A gzip member with one column, and where it lies in its part. */
export interface PlacedFragment extends JsonFragment, TextChecksum {
	byteOffset: number;
	byteLength: number;
}

/** A piece of the finished file: bytes of a part, or of `tail` when there is no `part`. */
export interface FileSegment {
	part?: number;
	byteOffset: number;
	byteLength: number;
}

/** Ends the data of a job that came in several chunks. */
export interface FinishTask {
	kind: "finish";
	/** In the order in which the parts were written. */
	parts: { byteOffset: number; summary: ChunkSummary }[];
	/** What the job should hold. */
	expected: ExpectedSeries;
	/** Hold the set of metrics and scopes against ClusterCockpit's published schema. */
	validate?: boolean;
}

/** What is known of a job once all its chunks are encoded. */
export interface FinishedJob {
	encoding: DataEncoding;
	/** Which version of the data this is: see `dataIdOf`. */
	dataId: string;
	/** metric -> statistics over the job, not rounded, of the samples as recorded, whatever resolution they are archived at. */
	statistics: [metric: string, statistics: JobStatistics][];
	/** How its metrics and scopes go beyond the published schema; absent: that was not asked. */
	notes?: string[];
	columns: number;
	series: number;
	samples: number;
	/** Samples that are there, gaps left out. */
	presentSamples: number;
	/** Absent where it was not asked for. */
	completeness?: Completeness;
}

/** Transferred: `tail`. */
export interface FinishedParts {
	finished: FinishedJob;
	/** columnar: bytes behind the last part. */
	tail: Uint8Array<ArrayBuffer>;
	/** json: how the parts and some bytes of `tail` follow each other in the file. */
	layout?: FileSegment[];
}

/** Decodes a stored job. Transferred: `bytes`. */
export interface DecodeTask {
	kind: "decode";
	encoding: DataEncoding;
	bytes: Uint8Array<ArrayBuffer>;
	selection?: DataSelection;
}

/** Transferred: each column's samples. */
export interface DecodedJob {
	columns: Column[];
}

/** Checks a stored job. Transferred: `bytes`. */
export interface VerifyTask {
	kind: "verify";
	encoding: DataEncoding;
	bytes: Uint8Array<ArrayBuffer>;
	/** The text of the job's meta, to hold meta and data against ClusterCockpit's schemas; absent: they are not. */
	schemaMeta?: string;
}

export interface VerifiedJob {
	/** Absent when the data are damaged. */
	dataId?: string;
	/** Damage. */
	faults: DataProblem[];
	/** What is odd about data that are whole, such as statistics that came with foreign data and are not those of the samples. */
	notes: DataProblem[];
	/** Metrics at node scope that have samples. Empty when the data are damaged. */
	nodeMetrics: NodeMetric[];
	/** Hosts that have series, each once. */
	hostnames: string[];
}

export interface DataProblem {
	code: DataProblemCode;
	reason: string;
	/** `metric/scope` */
	column?: string;
	offset?: number;
}

export type DataProblemCode =
	| "DATA_CORRUPT"
	| "DATA_UNSUPPORTED"
	| "STATISTICS_MISSING"
	| "STATISTICS_DIFFER"
	| "SCHEMA_BROKEN"
	| "SCHEMA_DIFFERS";

/** What a job's statistics of a metric should be, not rounded. */
export interface NodeMetric {
	metric: string;
	/** Seconds. */
	timestep: number;
	statistics: JobStatistics;
}

/** What a pool thread is told when it starts. */
export interface PoolThreadData {
	nice: number;
}

export interface TaskResults {
	encode: EncodedChunk;
	finish: FinishedParts;
	decode: DecodedJob;
	verify: VerifiedJob;
	parse: ParsedLines;
	pack: PackedColumns;
	"series-rows": SeriesRowGroups;
	"job-rows": RowGroup;
	"parquet-footer": Uint8Array<ArrayBuffer>;
	report: Uint8Array<ArrayBuffer>;
}

/**
 * What a worker answers. Failures are data, since an error loses its class, code and fields between threads.
 */
export type TaskOutcome<R> =
	| { ok: true; value: R }
	| { ok: false; failure: Failure };
