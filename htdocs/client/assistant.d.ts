import type { AssistantEvent, AssistantOptions, AssistantStatus } from './index.js';

export interface UseWorkflowWebSocketOptions extends Omit<AssistantOptions, 'WebSocket' | 'fetch'> {
  autoConnect?: boolean;
}
export interface UseWorkflowWebSocket {
  status: AssistantStatus;
  events: AssistantEvent[];
  connect(): void;
  disconnect(): void;
  sendMessage(message: Record<string, unknown>): boolean;
  executeWorkflow(input: string, model?: string): boolean;
  cancelWorkflow(): boolean;
  clearEvents(): void;
}
export function useWorkflowWebSocket(options?: UseWorkflowWebSocketOptions): UseWorkflowWebSocket;
