//! gRPC with one message each way, which is all that Terraform asks of a provider.

use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};
use h2::{RecvStream, server::SendResponse};
use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::net::{TcpListener, TcpStream};

use crate::plugin::Plugin;

const UNIMPLEMENTED: u8 = 12;

pub(crate) async fn serve(listener: TcpListener, plugin: Arc<Plugin>) {
    while let Ok((socket, _)) = listener.accept().await {
        let plugin = Arc::clone(&plugin);
        tokio::spawn(async move {
            // A connection that breaks is Terraform's to report.
            let _broken = connection(socket, plugin).await;
        });
    }
}

async fn connection(socket: TcpStream, plugin: Arc<Plugin>) -> Result<(), h2::Error> {
    // Without it every call waits for a delayed acknowledgement, some 40 ms.
    let _slow = socket.set_nodelay(true);
    let mut connection = h2::server::handshake(socket).await?;
    while let Some(call) = connection.accept().await {
        let (request, respond) = call?;
        let plugin = Arc::clone(&plugin);
        tokio::spawn(async move {
            let _broken = answer(&plugin, request, respond).await;
        });
    }
    Ok(())
}

async fn answer(
    plugin: &Plugin,
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
) -> Result<(), h2::Error> {
    let path = request.uri().path().to_owned();
    let body = whole(request.into_body()).await?;
    // A message has a byte for compression and four for its length before it.
    let message = body.get(5..).unwrap_or_default();
    let mut response = Response::new(());
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    let Some(answer) = plugin.answer(&path, message) else {
        response.headers_mut().insert("grpc-status", HeaderValue::from(u16::from(UNIMPLEMENTED)));
        respond.send_response(response, true)?;
        return Ok(());
    };
    let mut send = respond.send_response(response, false)?;
    let mut framed = BytesMut::with_capacity(answer.len() + 5);
    framed.put_u8(0);
    framed.put_u32(u32::try_from(answer.len()).unwrap_or(u32::MAX));
    framed.put_slice(&answer);
    send.send_data(framed.freeze(), false)?;
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    send.send_trailers(trailers)
}

async fn whole(mut body: RecvStream) -> Result<BytesMut, h2::Error> {
    let mut all = BytesMut::new();
    while let Some(part) = body.data().await {
        let part = part?;
        body.flow_control().release_capacity(part.len())?;
        all.extend_from_slice(&part);
    }
    Ok(all)
}
