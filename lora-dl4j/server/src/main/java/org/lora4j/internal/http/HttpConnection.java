/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.DateFormatter;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.util.ReferenceCountUtil;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Date;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import org.lora4j.error.MessageText;
import org.lora4j.internal.http.HttpProblem.Kind;

/**
 * The requests of one connection, one after another. A request is judged by its head before its body is read. The connection is
 * read on while an answer is computed, as that tells when the client goes; requests that come meanwhile wait.
 *
 * <p><b>Threads.</b> Everything runs on the channel's, but for what {@link ConnectionExchange} calls.
 */
final class HttpConnection extends ChannelInboundHandlerAdapter {

    private static final int MOST_WAITING = 64;
    /** In bytes: answers up to it are not counted among what is held. */
    private static final int SMALL_ANSWER = 64 << 10;

    private static final Duration LINGER = Duration.ofSeconds(2);

    private final HttpFront front;
    private final Channel channel;
    private final Queue<HttpObject> waiting = new ArrayDeque<>();
    private final AtomicLong unwritten = new AtomicLong();
    /** Begun, and not answered to the end. */
    private ConnectionExchange current;

    private boolean counted;
    private boolean arriving;
    private boolean refused;
    private boolean lingering;
    private boolean taking;
    private volatile boolean last;
    private volatile boolean busy;
    private long arrived;
    private long written;
    /** Bytes of the body and the answer that count in the room of all connections. */
    private long held;

    private ByteArrayOutputStream body = new ByteArrayOutputStream();
    private Future<?> deadline;

    HttpConnection(HttpFront front, Channel channel) {
        this.front = front;
        this.channel = channel;
    }

    HttpSettings settings() {
        return front.settings();
    }

    private HttpLimits limits() {
        return settings().limits();
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        within(limits().idle(), channel::close);
    }

    private void within(Duration time, Runnable work) {
        noDeadline();
        deadline = channel.eventLoop().schedule(work, time.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void noDeadline() {
        if (deadline != null) {
            deadline.cancel(false);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (lingering) {
            ReferenceCountUtil.release(message);
        } else if (arriving || current == null) {
            take((HttpObject) message);
        } else {
            waiting.add((HttpObject) message);
            if (waiting.size() > MOST_WAITING) {
                channel.config().setAutoRead(false);
            }
        }
    }

    private void take(HttpObject message) {
        try {
            if (message.decoderResult().isFailure()) {
                malformed(message.decoderResult().cause());
                return;
            }
            if (message instanceof HttpRequest request) {
                begin(request);
            }
            if (message instanceof HttpContent content && arriving) {
                content(content);
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    /** What cannot be read as HTTP: nothing behind it can be, either. */
    private void malformed(Throwable cause) {
        last = true;
        if (current == null && arriving) {
            // Refused already; its body is what cannot be read.
            end();
            return;
        }
        if (current == null) {
            current = new ConnectionExchange(this, null);
        }
        Kind kind = cause instanceof TooLongHttpLineException
                ? Kind.URI_TOO_LONG
                : cause instanceof TooLongHttpHeaderException ? Kind.HEADERS_TOO_LARGE : Kind.BAD_REQUEST;
        arriving = true;
        refuse(new HttpProblem(kind, "this is no HTTP request: " + MessageText.value(cause.getMessage()) + "."));
    }

    private void begin(HttpRequest request) {
        arriving = true;
        refused = false;
        arrived = 0;
        written = 0;
        body = new ByteArrayOutputStream();
        last = !HttpUtil.isKeepAlive(request);
        current = new ConnectionExchange(this, request);
        within(limits().arrival(), this::doesNotArrive);
        try {
            Gatekeeper gate = front.gatekeeper();
            gate.checkHost(request, channel.localAddress());
            RouteTable.Match match = front.match(request.method().name(), path(request));
            current.matched(match);
            gate.checkToken(request, match.route());
            // Before: a server that begins to stop in between has to wait for it.
            busy = true;
            front.requireServing(match.route());
            gate.checkBody(request, match.route());
            expectation(request);
        } catch (RuntimeException e) {
            // A client that waits for leave, or sends too much, may send its body or not: nobody could tell where the
            // next request begins.
            last = last || request.headers().contains(HttpHeaderNames.EXPECT) || !fits(request);
            refuse(e);
        }
    }

    private boolean fits(HttpRequest request) {
        return HttpUtil.getContentLength(request, 0L) <= limits().bodyBytes();
    }

    /** The path as it was sent, also of the form that proxies are sent. */
    private static String path(HttpRequest request) {
        String uri = request.uri();
        int scheme = uri.startsWith("/") ? -1 : uri.indexOf("://");
        if (scheme >= 0) {
            int slash = uri.indexOf('/', scheme + 3);
            String authority = slash < 0 ? uri.substring(scheme + 3) : uri.substring(scheme + 3, slash);
            String host = request.headers().get(HttpHeaderNames.HOST);
            if (!authority.equalsIgnoreCase(host)) {
                throw new HttpProblem(
                        Kind.BAD_REQUEST,
                        "the target names " + MessageText.name(authority) + ", the header Host "
                                + MessageText.name(host) + "; expected the same.");
            }
            uri = slash < 0 ? "/" : uri.substring(slash);
        }
        int query = uri.indexOf('?');
        return query < 0 ? uri : uri.substring(0, query);
    }

    private void expectation(HttpRequest request) {
        String expected = request.headers().get(HttpHeaderNames.EXPECT);
        if (expected == null) {
            return;
        }
        if (!expected.equalsIgnoreCase("100-continue")) {
            throw new HttpProblem(
                    Kind.EXPECTATION,
                    "the header Expect is " + MessageText.name(expected) + "; expected 100-continue or none.");
        }
        channel.writeAndFlush(
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE, Unpooled.EMPTY_BUFFER));
    }

    /** Answers with what is wrong; what is still to come of the request is not kept. */
    private void refuse(RuntimeException problem) {
        refused = true;
        current.fail(problem);
    }

    private void content(HttpContent content) {
        ByteBuf bytes = content.content();
        arrived += bytes.readableBytes();
        if (arrived > limits().bodyBytes()) {
            last = true;
            if (refused && current == null) {
                afterwards();
            } else if (!refused) {
                refuse(front.gatekeeper().tooLong());
            }
            return;
        }
        if (!refused && current.keepsBody()) {
            if (!keep(bytes.readableBytes())) {
                last = true;
                refuse(HttpFront.overloaded());
                return;
            }
            append(bytes);
        }
        if (content instanceof LastHttpContent) {
            arriving = false;
            if (!refused) {
                dispatch();
            } else if (current == null) {
                afterwards();
            }
        }
    }

    /** Whether there is room for so many bytes; they are given back when the request ends. */
    private boolean keep(int bytes) {
        boolean room = front.hold(bytes);
        held += room ? bytes : 0;
        return room;
    }

    private void append(ByteBuf bytes) {
        try {
            bytes.readBytes(body, bytes.readableBytes());
        } catch (IOException e) {
            throw new IllegalStateException("memory that cannot be written", e);
        }
    }

    private void dispatch() {
        current.arrived(body.toByteArray());
        body = null;
        if (!front.enter()) {
            refuse(HttpFront.overloaded());
            return;
        }
        counted = true;
        ConnectionExchange exchange = current;
        within(limits().answer(), exchange::late);
        front.work(exchange);
    }

    private void doesNotArrive() {
        last = true;
        if (current == null) {
            channel.close();
        } else {
            refuse(new HttpProblem(
                    Kind.ARRIVAL,
                    "the body did not arrive within " + limits().arrival().toSeconds() + " s; send it again."));
        }
    }

    void aside(Runnable work) {
        front.aside(work);
    }

    <T> void whenDone(CompletableFuture<T> future, BiConsumer<T, Throwable> work) {
        front.whenDone(future, work);
    }

    // What an exchange calls, from any thread. It keeps the order.

    void write(ConnectionExchange exchange, int status, HttpHeaders headers, ByteBuf bytes) {
        inOrder(() -> {
            if (current != exchange) {
                // It has ended meanwhile.
                return;
            }
            if (bytes.readableBytes() > SMALL_ANSWER && !keep(bytes.readableBytes())) {
                exchange.hasNoRoom();
                return;
            }
            HttpResponse answer = new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1,
                    HttpResponseStatus.valueOf(status),
                    bytes,
                    headers,
                    EmptyHttpHeaders.INSTANCE);
            headers.set(HttpHeaderNames.CONTENT_LENGTH, bytes.readableBytes());
            common(exchange, headers);
            written = bytes.readableBytes();
            channel.writeAndFlush(answer).addListener(done -> answered(exchange));
        });
    }

    void begin(ConnectionExchange exchange, HttpHeaders headers) {
        inOrder(() -> {
            boolean chunks = !exchange.request().protocolVersion().equals(HttpVersion.HTTP_1_0);
            if (chunks) {
                headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
            } else {
                last = true;
            }
            common(exchange, headers);
            written = 0;
            channel.writeAndFlush(new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK, headers));
        });
    }

    /** A piece of a stream. */
    void piece(byte[] bytes) {
        if (unwritten.addAndGet(bytes.length) > limits().waitingBytes()) {
            abort();
            return;
        }
        inOrder(() -> {
            written += bytes.length;
            channel.writeAndFlush(new DefaultHttpContent(Unpooled.wrappedBuffer(bytes)))
                    .addListener(done -> unwritten.addAndGet(-bytes.length));
        });
    }

    /** The end of a stream. */
    void end(ConnectionExchange exchange) {
        inOrder(() ->
                channel.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT).addListener(done -> answered(exchange)));
    }

    /** Ends the connection; what runs for it is told when it has ended. */
    void abort() {
        // Behind what runs now: whoever calls may hold a lock that others wait for who are told.
        channel.eventLoop().execute(channel::close);
    }

    private void inOrder(Runnable work) {
        if (channel.eventLoop().inEventLoop()) {
            work.run();
        } else {
            channel.eventLoop().execute(work);
        }
    }

    private void common(ConnectionExchange exchange, HttpHeaders headers) {
        headers.set(HttpHeaderNames.DATE, DateFormatter.format(new Date()));
        headers.set("X-Content-Type-Options", "nosniff");
        if (!headers.contains(HttpHeaderNames.CACHE_CONTROL)) {
            headers.set(HttpHeaderNames.CACHE_CONTROL, "no-store");
        }
        last = last || !front.isOpen();
        boolean old = exchange.request() != null
                && exchange.request().protocolVersion().equals(HttpVersion.HTTP_1_0);
        if (last) {
            headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        } else if (old) {
            headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.KEEP_ALIVE);
        }
    }

    private void answered(ConnectionExchange exchange) {
        if (current == exchange) {
            ended();
            afterwards();
        }
    }

    private void ended() {
        ConnectionExchange exchange = current;
        current = null;
        busy = false;
        front.giveBack(held);
        held = 0;
        if (counted) {
            counted = false;
            front.leave();
        }
        front.log(exchange.entry(remote(), written));
    }

    private String remote() {
        return channel.remoteAddress() instanceof InetSocketAddress address && address.getAddress() != null
                ? address.getAddress().getHostAddress()
                : "unknown";
    }

    /** Behind an answer: the next request, or the end. */
    private void afterwards() {
        if (last) {
            end();
        } else if (!arriving) {
            within(limits().idle(), channel::close);
            takeWaiting();
        }
    }

    private void takeWaiting() {
        if (taking) {
            return;
        }
        taking = true;
        try {
            while (!waiting.isEmpty() && !lingering && (arriving || current == null)) {
                take(waiting.poll());
            }
        } finally {
            taking = false;
        }
        if (waiting.isEmpty()) {
            channel.config().setAutoRead(true);
        }
    }

    /** Who still sends would lose the answer if the connection were closed at once. */
    private void end() {
        if (!arriving
                || !(channel instanceof DuplexChannel duplex)
                || settings().tls().isPresent()) {
            channel.close();
        } else if (!lingering) {
            lingering = true;
            within(LINGER, channel::close);
            duplex.shutdownOutput();
        }
    }

    /** Whether a request that was accepted is not answered to its end. */
    boolean isBusy() {
        return busy;
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        noDeadline();
        waiting.forEach(ReferenceCountUtil::release);
        waiting.clear();
        lingering = true;
        if (current != null) {
            current.gone();
            ended();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        ChannelOutboundBuffer out = channel.unsafe().outboundBuffer();
        // The first of several comes though bytes were taken meanwhile.
        boolean stalled = event instanceof IdleStateEvent idle && !idle.isFirst();
        if (stalled && out != null && out.totalPendingWriteBytes() > 0) {
            channel.close();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        front.connectionFailed(cause);
        ChannelFuture closed = channel.close();
        closed.addListener(done -> noDeadline());
    }
}
