/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import javax.net.ssl.SSLEngine;
import org.lora4j.internal.http.HttpProblem.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens, and gives requests to routes. It answers from the first moment: with 503 while models are loaded and while it stops, but for
 * what probes ask. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class HttpFront implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(HttpFront.class);
    private static final Duration LATER = Duration.ofSeconds(1);
    private static final int BACKLOG = 256;
    private static final long POLL_MILLIS = 5;
    private static final int LONGEST_LINE = 8 << 10;
    private static final long MOST_HELD =
            Math.max(64L << 20, Runtime.getRuntime().maxMemory() / 4);

    private enum State {
        LOADING,
        SERVING,
        STOPPING
    }

    private final HttpSettings settings;
    private final Gatekeeper gatekeeper;
    private final RequestLog log;
    private final EventLoopGroup loops;
    private final ExecutorService workers;
    private final Channel listening;
    private final Set<HttpConnection> connections = ConcurrentHashMap.newKeySet();
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicLong held = new AtomicLong();
    private volatile RouteTable routes;
    private volatile State state = State.LOADING;

    private HttpFront(HttpSettings settings, List<HttpRoute> first) throws IOException {
        this.settings = settings;
        this.gatekeeper = new Gatekeeper(settings);
        this.log = new RequestLog(settings);
        this.routes = new RouteTable(first);
        int processors = Runtime.getRuntime().availableProcessors();
        loops = new MultiThreadIoEventLoopGroup(
                Math.max(1, Math.min(4, processors / 2)),
                new DefaultThreadFactory("lora4j-http"),
                NioIoHandler.newFactory());
        workers = Executors.newFixedThreadPool(Math.max(4, 2 * processors), new DefaultThreadFactory("lora4j-request"));
        settings.metrics().gauge("http_requests_running", "Requests accepted and not answered.", running::get);
        settings.metrics().gauge("http_connections", "Connections that are open.", connections::size);
        listening = bound();
    }

    /**
     * Begins to listen.
     *
     * @param first what is answered while models are loaded
     * @throws IOException if the address cannot be listened on
     */
    public static HttpFront listen(HttpSettings settings, List<HttpRoute> first) throws IOException {
        return new HttpFront(settings, first);
    }

    private Channel bound() throws IOException {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        open(channel);
                    }
                });
        var bind = bootstrap.bind(settings.address()).awaitUninterruptibly();
        if (!bind.isSuccess()) {
            end();
            throw new IOException(
                    "LoraServer: cannot listen on " + settings.address() + ": "
                            + bind.cause().getMessage() + ". Choose another port, 0 for any that is free.",
                    bind.cause());
        }
        return bind.channel();
    }

    private void open(SocketChannel channel) {
        if (connections.size() >= settings.limits().connections()) {
            channel.close();
            return;
        }
        HttpConnection connection = new HttpConnection(this, channel);
        connections.add(connection);
        channel.closeFuture().addListener(done -> connections.remove(connection));
        settings.tls().ifPresent(tls -> {
            SSLEngine engine = tls.createSSLEngine();
            engine.setUseClientMode(false);
            channel.pipeline().addLast(new SslHandler(engine));
        });
        HttpDecoderConfig config = new HttpDecoderConfig()
                .setMaxInitialLineLength(LONGEST_LINE)
                .setMaxHeaderSize(settings.limits().headerBytes());
        channel.pipeline()
                .addLast(new IdleStateHandler(
                        true, 0, settings.limits().stalled().toMillis(), 0, TimeUnit.MILLISECONDS))
                .addLast(new HttpServerCodec(config))
                .addLast(connection);
    }

    /** Models are there: everything is answered from now on. */
    public void serve(List<HttpRoute> all) {
        routes = new RouteTable(all);
        state = State.SERVING;
    }

    /** Whether requests are taken. */
    public boolean isServing() {
        return state == State.SERVING;
    }

    /** Whether models are being loaded. */
    public boolean isLoading() {
        return state == State.LOADING;
    }

    /** Whether connections go on behind their answers. */
    boolean isOpen() {
        return state != State.STOPPING;
    }

    /** Where it listens; the port is the real one if any was asked for. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listening.localAddress();
    }

    HttpSettings settings() {
        return settings;
    }

    Gatekeeper gatekeeper() {
        return gatekeeper;
    }

    RouteTable.Match match(String method, String path) {
        try {
            return routes.find(method, path);
        } catch (HttpProblem unknown) {
            if (state == State.LOADING) {
                throw unavailable();
            }
            throw unknown;
        } catch (IllegalArgumentException e) {
            throw new HttpProblem(Kind.BAD_REQUEST, "the path is not encoded as a URI has to be.");
        }
    }

    /** @throws HttpProblem while models are loaded and while the server stops, but for what everybody may ask */
    void requireServing(HttpRoute route) {
        if (state != State.SERVING && route.access() != Access.OPEN) {
            throw unavailable();
        }
    }

    private HttpProblem unavailable() {
        return new HttpProblem(
                        Kind.UNAVAILABLE,
                        state == State.LOADING
                                ? "models are being loaded; ask again in a moment. GET /ready says when."
                                : "the server stops, and takes no more requests; ask another one.")
                .retryAfter(LATER);
    }

    static HttpProblem overloaded() {
        return new HttpProblem(Kind.OVERLOADED, "too many requests are waiting; ask again in a moment.")
                .retryAfter(LATER);
    }

    /** Whether there is room for one request more, which has to leave then. */
    boolean enter() {
        if (running.incrementAndGet() > settings.limits().requests()) {
            running.decrementAndGet();
            return false;
        }
        return true;
    }

    void leave() {
        running.decrementAndGet();
    }

    /** Whether there is room for so many bytes more of bodies and answers; they have to be given back then. */
    boolean hold(long bytes) {
        if (held.addAndGet(bytes) > MOST_HELD) {
            held.addAndGet(-bytes);
            return false;
        }
        return true;
    }

    void giveBack(long bytes) {
        held.addAndGet(-bytes);
    }

    /** Runs something where requests are worked on. */
    void aside(Runnable work) {
        try {
            workers.execute(work);
        } catch (RejectedExecutionException e) {
            // The server is closed: nobody else is held up.
            work.run();
        }
    }

    void work(ConnectionExchange exchange) {
        try {
            workers.execute(exchange::handle);
        } catch (RejectedExecutionException e) {
            exchange.fail(unavailable());
        }
    }

    /** Goes on with what a future gives, where requests are worked on: who completes it has something else to do. */
    <T> void whenDone(CompletableFuture<T> future, BiConsumer<T, Throwable> work) {
        future.whenComplete((result, failure) -> {
            try {
                workers.execute(() -> work.accept(result, failure));
            } catch (RejectedExecutionException e) {
                // The server is closed; what it was for has been told so.
                LOG.debug("an answer came behind the end of the server", e);
            }
        });
    }

    void log(RequestLog.Entry entry) {
        log.ended(entry);
    }

    void connectionFailed(Throwable cause) {
        LOG.debug("a connection has failed", cause);
    }

    /**
     * Takes no more requests, and answers those that it has taken.
     *
     * @param atMost how long to wait for them; the others are given up then
     * @return whether all were answered
     */
    public boolean stop(Duration atMost) throws InterruptedException {
        // It listens on: who comes now is told where things stand, and a collector of probes sees it.
        state = State.STOPPING;
        long end = System.nanoTime() + atMost.toNanos();
        while (isBusy() && System.nanoTime() < end) {
            Thread.sleep(POLL_MILLIS);
        }
        boolean all = !isBusy();
        close();
        return all;
    }

    private boolean isBusy() {
        return connections.stream().anyMatch(HttpConnection::isBusy);
    }

    private void end() {
        state = State.STOPPING;
        connections.forEach(HttpConnection::abort);
        workers.shutdown();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    }

    /** Ends at once, whatever runs. */
    @Override
    public void close() {
        listening.close().awaitUninterruptibly();
        end();
    }
}
