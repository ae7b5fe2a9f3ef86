import type { Job } from "../schema/job.js";
import {
	DEMO_ACCELERATORS,
	DEMO_CLUSTER,
	DEMO_CPU_HWTHREADS,
	DEMO_GPU_HWTHREADS,
	DEMO_NODES,
} from "./demo-cluster.js";

const FIRST_JOB_ID = 1001;
/** 2025-01-01, 00:00 UTC. */
const FIRST_START_TIME = 1_735_689_600;
const SECONDS_BETWEEN_STARTS = 900;
const SHORTEST_SECONDS = 60;
const LONGEST_SECONDS = 86_400;
const NODE_COUNTS = { cpu: [1, 1, 1, 2, 4, 8, 16, 32], gpu: [1, 1, 2, 4] };
const NAMES = ["channel-flow", "protein-md", "lattice-qcd", "dft-relax"];
const GPU_NAMES = ["train-lm", "train-vision", "protein-md-gpu"];

/**
 * One finished job of the demo's cluster, of 1 to 32 nodes and from a minute to a day long.
 *
 * @param index - The same index gives the same job; job ids and start times rise with it.
 */
export function demoJob(index: number): Job {
	const random = randomOf(index);
	const pick = <T>(list: readonly T[]): T =>
		list[Math.floor(random() * list.length)];
	const subCluster = random() < 0.3 ? "gpu" : "cpu";
	const numNodes = pick(NODE_COUNTS[subCluster]);
	const first = Math.floor(random() * (DEMO_NODES[subCluster] - numNodes + 1));
	const duration = Math.round(
		SHORTEST_SECONDS * (LONGEST_SECONDS / SHORTEST_SECONDS) ** random(),
	);
	const startTime = FIRST_START_TIME + index * SECONDS_BETWEEN_STARTS;
	const onGpus = subCluster === "gpu";
	return {
		cluster: DEMO_CLUSTER,
		subCluster,
		jobId: FIRST_JOB_ID + index,
		startTime,
		submitTime: startTime - Math.round(3600 * random()),
		duration,
		walltime: LONGEST_SECONDS,
		user: `user${1 + Math.floor(random() * 8)}`,
		project: `project${1 + Math.floor(random() * 3)}`,
		partition: subCluster,
		numNodes,
		numHwthreads: numNodes * (onGpus ? DEMO_GPU_HWTHREADS : DEMO_CPU_HWTHREADS),
		...(onGpus && { numAcc: numNodes * DEMO_ACCELERATORS.length }),
		shared: "none",
		jobState: random() < 0.85 ? "completed" : "failed",
		monitoringStatus: 1,
		resources: Array.from({ length: numNodes }, (_, i) => ({
			hostname: hostname(subCluster, first + i + 1),
			...(onGpus && { accelerators: DEMO_ACCELERATORS }),
		})),
		tags: [],
		metaData: { jobName: pick(onGpus ? GPU_NAMES : NAMES) },
	};
}

function hostname(subCluster: keyof typeof DEMO_NODES, number: number): string {
	const digits = String(DEMO_NODES[subCluster]).length;
	return `${subCluster}${String(number).padStart(subCluster === "cpu" ? 3 : digits, "0")}`;
}

/** Uniform numbers in [0, 1): splitmix32, Steele et al., "Fast Splittable Pseudorandom Number Generators" (2014). */
function randomOf(seed: number): () => number {
	let state = Math.imul(seed + 1, 0x85ebca6b);
	return () => {
		state = (state + 0x9e3779b9) | 0;
		let z = state ^ (state >>> 16);
		z = Math.imul(z, 0x21f0aaad);
		z ^= z >>> 15;
		z = Math.imul(z, 0x735a2d97);
		z ^= z >>> 15;
		return (z >>> 0) / 2 ** 32;
	};
}
