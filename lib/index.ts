export type {
	Archive,
	ArchiveInfo,
	IterateOptions,
	ScopedStatistics,
	StagedJob,
	StoredData,
} from "./archive/archive.js";
export { type DataFacts, dataFactsOf } from "./archive/data-facts.js";
export { openArchive } from "./archive/open.js";
export {
	Archiver,
	type ArchiverParts,
} from "./archiver.js";
export type {
	Column,
	ColumnHeader,
	Compression,
	DataEncoding,
	DataFormat,
} from "./codec/column.js";
export {
	type ArchiverOptions,
	type ClusterOptions,
	type Environment,
	OPTIONS,
	resolveOptions,
} from "./config.js";
export type { ArchivedJob } from "./dispatch/accepted-job.js";
export type { ClusterProvider } from "./dispatch/clusters.js";
export type { ArchiverHooks } from "./dispatch/hooks.js";
export { type PoolOptions, WorkerPool } from "./dispatch/pool.js";
export {
	ArchiverError,
	ERROR_CODES,
	type ErrorCode,
	type ErrorDetails,
	isArchiverError,
} from "./errors.js";
export {
	exportParquet,
	type ParquetExportOptions,
	type ParquetExportResult,
	type ParquetFiles,
} from "./export/export-parquet.js";
export {
	type CompressOptions,
	type CompressResult,
	compressArchive,
} from "./maintenance/compress-archive.js";
export type { ArchiveProblem } from "./maintenance/findings.js";
export {
	type ImportOptions,
	type ImportResult,
	importArchive,
} from "./maintenance/import-archive.js";
export {
	PROBLEM_CODES,
	type ProblemCode,
} from "./maintenance/problem-codes.js";
export {
	type RemoveOptions,
	type RemoveResult,
	removeJobs,
} from "./maintenance/remove-jobs.js";
export {
	type RetainOptions,
	type RetainResult,
	type RetentionPolicy,
	retain,
} from "./maintenance/retain.js";
export type { OmitTagged } from "./maintenance/spared-jobs.js";
export type { Thinning } from "./maintenance/thin-job.js";
export {
	type VerifyOptions,
	type VerifyResult,
	verifyArchive,
} from "./maintenance/verify-archive.js";
export type { VerifiableRows } from "./maintenance/verify-rows.js";
export type { JobFailure } from "./maintenance/walk-jobs.js";
export {
	type ReportOptions,
	renderJobReport,
	writeJobReport,
} from "./report/job-report.js";
export type {
	ArchivedRow,
	FailureReason,
	JobQuery,
	JobRepository,
	NewJob,
	RemovedRows,
} from "./repository/repository.js";
export { SqliteJobRepository } from "./repository/sqlite.js";
export type {
	Cluster,
	MetricConfig,
	SubCluster,
	Topology,
} from "./schema/cluster.js";
export { parseCluster } from "./schema/cluster-json.js";
export type {
	Completeness,
	MetricCompleteness,
	Presence,
} from "./schema/completeness.js";
export {
	formatJobKey,
	type Job,
	type JobKey,
	type JobState,
	type JobStatistics,
	MONITORING_STATUS,
	type Resource,
	type Tag,
} from "./schema/job.js";
export { parseJob, serializeJob } from "./schema/job-json.js";
export type {
	DataSelection,
	JobData,
	JobMetric,
	MetricStatistics,
	Series,
	StatisticsSeries,
} from "./schema/metric.js";
export { type NodeList, parseNodeList } from "./schema/nodelist.js";
export type { MetricScope } from "./schema/scope.js";
export type { Unit } from "./schema/unit.js";
export {
	type CcMetricStoreOptions,
	CcMetricStoreSource,
} from "./source/cc-metric-store/source.js";
export type { ServerAddress } from "./source/http/address.js";
export type { HttpOptions } from "./source/http/options.js";
export type {
	IngestOptions,
	IngestResult,
} from "./source/memory-store/line-ingest.js";
export type { MemoryPressure } from "./source/memory-store/memory-budget.js";
export {
	MemoryMetricStore,
	type MemoryMetricStoreStats,
	type Sample,
} from "./source/memory-store/memory-metric-store.js";
export type { MemoryMetricStoreOptions } from "./source/memory-store/options.js";
export type { SeriesHandle } from "./source/memory-store/sample-writer.js";
export type {
	PrometheusQueries,
	PrometheusQuery,
} from "./source/prometheus/queries.js";
export {
	type PrometheusOptions,
	PrometheusSource,
} from "./source/prometheus/source.js";
export { ReplaySource } from "./source/replay.js";
export type {
	LoadRequest,
	MetricChunk,
	MetricSource,
	RequestedMetric,
} from "./source/source.js";
export { SyntheticSource } from "./source/synthetic.js";
export type { ArchiverStats, ArchiverStatus } from "./stats.js";
