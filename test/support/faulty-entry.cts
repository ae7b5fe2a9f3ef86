/** Loads the faulty worker as the pool's own entry loads its own. */
module.exports = {
	__esModule: true,
	default: import("./faulty-worker.js").then((faulty) => faulty.default),
};
