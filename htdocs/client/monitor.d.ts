import type { ReactElement } from 'react';
import type { ExecutionUpdate, TokenSource } from './index.js';

export { WorkflowWebSocketClient } from './index.js';

export interface Place {
  base?: string;
  token?: TokenSource;
}
export interface WorkflowExecutionMonitorProps extends Place {
  workflowId: string;
  /** The data of the message `complete`. */
  onExecutionComplete?(data: ExecutionUpdate['data']): void;
}
export function WorkflowExecutionMonitor(props: WorkflowExecutionMonitorProps): ReactElement;
export function WorkflowDashboard(props: Place & { className?: string }): ReactElement;
