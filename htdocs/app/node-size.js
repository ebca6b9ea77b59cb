/** What a node measures in every drawing of a graph, in px. */
export const NODE = { width: 200, height: 56 };
