/**
 * What Piscina loads in every thread. It would load `pool-thread.js` itself with `require`, synchronously, and Node.js 20 ends
 * the whole process when a thread is terminated in the middle of that (`v8::Module::IsGraphAsync`), as it is when a
 * pool is closed while its threads start. An asynchronous import takes that; Piscina waits for it before a thread is ready.
 */
module.exports = {
	__esModule: true,
	default: import("./pool-thread.js").then((thread) => thread.default),
};
