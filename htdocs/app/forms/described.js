import { html } from '../ui.js';

/** Words of the server: names in backquotes are set as code. */
export const Described = ({ words }) => words.split('`').map((part, i) => (i % 2 ? html`<code key=${i}>${part}</code>` : part));
