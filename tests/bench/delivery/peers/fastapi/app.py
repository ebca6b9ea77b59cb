"""What FastAPI's own documentation shows for broadcasting, a list of sockets for each name: POST /pub/NAME sends its body to
everybody who follows /ws/NAME."""

from collections import defaultdict

from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect

app = FastAPI()
connections: defaultdict[str, list[WebSocket]] = defaultdict(list)


@app.websocket("/ws/{name}")
async def follow(socket: WebSocket, name: str):
    await socket.accept()
    connections[name].append(socket)
    try:
        while True:
            await socket.receive_text()
    except WebSocketDisconnect:
        connections[name].remove(socket)


@app.post("/pub/{name}")
async def publish(request: Request, name: str):
    message = (await request.body()).decode()
    for socket in list(connections[name]):
        await socket.send_text(message)
    return Response(status_code=202)
