import { readFileSync } from "node:fs";

/** As much of the engine's WebAssembly as is used here: types of Node.js have none, those of browsers too much. */
declare const WebAssembly: {
	Module: new (bytes: Uint8Array) => object;
	Instance: new (module: object) => { exports: unknown };
};

interface Memory {
	/** Another one after each growth. */
	readonly buffer: ArrayBuffer;
	grow(pages: number): void;
}

/** What the folder kernels/ exports, compiled to WebAssembly. Numbers named like things to read or write say where these lie. */
interface Kernels {
	memory: Memory;
	takeIntegers(
		samples: number,
		count: number,
		scale: number,
		high: number,
		low: number,
		integers: number,
		tally: number,
	): number;
	addUp(samples: number, count: number, tally: number): number;
	findEdges(
		samples: number,
		count: number,
		missing: number,
		edges: number,
	): number;
	findPlaces(samples: number, count: number, places: number): number;
	countMissing(samples: number, count: number): number;
	closeUp(samples: number, places: number, count: number): void;
	spreadOut(
		samples: number,
		places: number,
		count: number,
		target: number,
		span: number,
	): void;
	numberValues(
		samples: number,
		count: number,
		codes: number,
		found: number,
		limit: number,
		values: number,
		slots: number,
		slotBits: number,
	): number;
	renumber(codes: number, count: number, numbers: number): void;
	levelsOf(integers: number, count: number, numbers: number): number;
	distancesOf(
		integers: number,
		count: number,
		references: number,
		numbers: number,
	): number;
	planeBits(
		numbers: number,
		count: number,
		used: number,
		lowBits: number,
		histogram: number,
		countBits: number,
	): number;
	planesOfLevels(
		integers: number,
		count: number,
		base: number,
		firstShift: number,
		firstMask: number,
		secondShift: number,
		first: number,
		second: number,
	): number;
	planesOfDeltas(
		integers: number,
		count: number,
		firstShift: number,
		firstMask: number,
		secondShift: number,
		first: number,
		second: number,
	): number;
	planesOfDifferences(
		integers: number,
		count: number,
		references: number,
		firstShift: number,
		firstMask: number,
		secondShift: number,
		first: number,
		second: number,
	): number;
	integersFromLevels(
		first: number,
		second: number,
		third: number,
		fourth: number,
		shift: number,
		count: number,
		base: number,
		integers: number,
	): void;
	integersFromDeltas(
		first: number,
		second: number,
		third: number,
		fourth: number,
		shift: number,
		count: number,
		before: number,
		integers: number,
	): void;
	integersFromDifferences(
		first: number,
		second: number,
		third: number,
		fourth: number,
		shift: number,
		count: number,
		references: number,
		integers: number,
	): void;
	multiply(
		integers: number,
		count: number,
		high: number,
		low: number,
		samples: number,
	): void;
	divide(integers: number, count: number, scale: number, samples: number): void;
}

const module = new WebAssembly.Module(
	readFileSync(new URL("./kernels.wasm", import.meta.url)),
);

/** The hot loops, with SIMD. Every thread has its own, with a memory of its own: see workspace.ts. */
export const kernels = new WebAssembly.Instance(module).exports as Kernels;
