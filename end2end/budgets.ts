// What the page may take, at most.

/** Of the WASM as it is sent. */
export const wasmBudgetBytes = 450_000;
