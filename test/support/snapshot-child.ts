import { testStore, writeSeries } from "./memory-store.js";

/** Writes snapshots of a store to the path that it is given, one after the other, until it is killed. */
const [path] = process.argv.slice(2);
const store = testStore();
for (let host = 1; host <= 200; host++) {
	const values = Array.from({ length: 1000 }, (_, i) => host + i / 7);
	writeSeries(store, [`x${host}`, "cpu_load"], values);
}
for (;;) {
	await store.snapshot(path);
	process.stdout.write(".");
}
