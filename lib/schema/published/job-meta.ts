import { JOB_STATES } from "../job.js";
import { fileSystems } from "./file-systems.js";
import {
	type Deviation,
	Deviations,
	each,
	integer,
	isList,
	listOf,
	number,
	object,
	oneOf,
	type Rule,
	text,
} from "./rules.js";
import { unit } from "./units.js";

/** Metrics whose statistics have a shape; those of others may have any. */
const METRICS = [
	"acc_mem_used",
	"acc_power",
	"acc_utilization",
	"clock",
	"cpu_load",
	"cpu_power",
	"cpu_user",
	"eth_read_bw",
	"eth_write_bw",
	"flops_any",
	"flops_dp",
	"flops_sp",
	"ic_rcv_packets",
	"ic_read_bw",
	"ic_send_packets",
	"ic_write_bw",
	"ipc",
	"mem_bw",
	"mem_power",
	"mem_used",
	"net_bw",
	"vectorization_ratio",
];
const WANTED_METRICS = [
	"cpu_load",
	"cpu_user",
	"flops_any",
	"mem_bw",
	"mem_used",
];

const statistics = object({
	properties: {
		unit,
		avg: number({ least: 0 }),
		min: number({ least: 0 }),
		max: number({ least: 0 }),
	},
	required: ["unit", "avg", "min", "max"],
});

const tag = object({
	properties: { id: integer(), type: text, name: text, scope: text },
	required: ["type", "name"],
});

const resource = object({
	properties: {
		hostname: text,
		hwthreads: listOf(integer()),
		accelerators: listOf(text),
		configuration: text,
	},
	required: ["hostname"],
});

const positive = integer({ above: 0 });
const kilowattHours = number();

const meta = object({
	properties: {
		id: integer(),
		jobId: integer(),
		cluster: text,
		subCluster: text,
		partition: text,
		user: text,
		project: text,
		arrayJobId: integer(),
		numNodes: positive,
		numHwthreads: positive,
		numAcc: positive,
		shared: oneOf(["none", "single_user", "multi_user"], "broken"),
		smt: integer(),
		monitoringStatus: integer(),
		jobState: oneOf(JOB_STATES, "broken"),
		submitTime: integer(),
		startTime: positive,
		duration: positive,
		walltime: positive,
		requestedMemory: positive,
		resources: listOf(resource),
		tags: distinct(listOf(tag)),
		metaData: object({
			properties: { jobScript: text, jobName: text, slurmInfo: text },
		}),
		footprint: object({ properties: {}, others: number() }),
		energyFootprint: object({ properties: {}, others: kilowattHours }),
		energy: kilowattHours,
		concurrentJobs: object({
			properties: {
				items: listOf(
					object({
						properties: { id: integer(), jobId: integer() },
						required: ["id", "jobId"],
					}),
				),
				count: integer(),
			},
			required: ["items", "count"],
		}),
		statistics: object({
			properties: {
				...each(METRICS, statistics),
				filesystems: fileSystems(statistics),
			},
			wanted: WANTED_METRICS,
		}),
	},
	required: [
		"jobId",
		"user",
		"project",
		"cluster",
		"subCluster",
		"numNodes",
		"shared",
		"startTime",
		"jobState",
		"duration",
		"resources",
		"statistics",
	],
});

/** How a `meta.json`, parsed, departs from the schema that ClusterCockpit publishes for it. Empty: it does not. */
export function publishedMetaDeviations(value: unknown): Deviation[] {
	const found = new Deviations();
	meta(value, "", found);
	return found.list();
}

/** A list in which nothing comes twice. */
function distinct(list: Rule): Rule {
	return (value, at, found) => {
		list(value, at, found);
		if (!isList(value)) return;
		const texts = Array.from(value, canonical);
		if (new Set(texts).size < texts.length)
			found.add("broken", at, "should not have the same entry twice");
	};
}

/** Text that is the same for equal values, in whatever order their keys are. */
function canonical(value: unknown): string {
	return JSON.stringify(value, (_, inner) =>
		typeof inner === "object" && inner !== null && !Array.isArray(inner)
			? Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))
			: inner,
	);
}
