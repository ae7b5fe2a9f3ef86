// AssemblyScript: kernels that are compiled to WebAssembly with SIMD, for ../kernels.ts. They know no layout of memory:
// whoever calls tells where things lie, and how many there are.

export { numberValues, renumber } from "./dictionary";
export { distancesOf, levelsOf, planeBits } from "./entropy";
export {
	closeUp,
	countMissing,
	findEdges,
	findPlaces,
	spreadOut,
} from "./gaps";
export {
	integersFromDeltas,
	integersFromDifferences,
	integersFromLevels,
} from "./integers";
export {
	planesOfDeltas,
	planesOfDifferences,
	planesOfLevels,
} from "./planes";
export { divide, multiply } from "./samples";
export { addUp, takeIntegers } from "./scan";
