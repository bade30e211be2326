/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.pool.AbstractChannelPoolHandler;
import io.netty.channel.pool.ChannelPool;
import io.netty.channel.pool.FixedChannelPool;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.AttributeKey;
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import org.lora4j.integration.demonstration.ProcessorTime;

/**
 * Asks a server of texts from a process of its own, and tells how many requests a second were answered and how long they took. Either so
 * many at once as are given, the next one when one is answered; or at times that are drawn beforehand, whether or not answers have come
 * (arrivals of Poisson, an open loop), each timed from when it was due.
 *
 * <p>Arguments: the port; a file of bodies, one a line; how many at once; arrivals a second, 0 for the first way; the seed.
 */
public final class HttpLoadClient {

    /** Milliseconds of processor time that this client takes for a request, on the machine that the server has too. */
    static final String PROCESSOR = "processor milliseconds a request";

    /** For the Java of a client: it shares two cores with the server, so it shall not compile for speed. */
    static final List<String> OPTIONS = List.of("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

    private static final int OK = 200;
    private static final int NO_ANSWER = 0;
    private static final int LONGEST_ANSWER = 1 << 20;
    private static final String HOST = "127.0.0.1";
    private static final AttributeKey<IntConsumer> WAITING = AttributeKey.valueOf(HttpLoadClient.class, "waiting");

    private final String host;
    private final ChannelPool connections;

    /** Java's own client took a tenth of the machine from the server; this one takes a fifth of that. */
    private HttpLoadClient(int port, int most) {
        host = HOST + ":" + port;
        Bootstrap socket = new Bootstrap()
                .group(new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory()))
                .channel(NioSocketChannel.class)
                .remoteAddress(HOST, port);
        connections = new FixedChannelPool(
                socket,
                new AbstractChannelPoolHandler() {
                    @Override
                    public void channelCreated(Channel channel) {
                        channel.pipeline()
                                .addLast(
                                        new HttpClientCodec(), new HttpObjectAggregator(LONGEST_ANSWER), new Answers());
                    }
                },
                most);
    }

    /**
     * Asks, once without taking the time.
     *
     * @param args port, bodies, at once, arrivals a second, seed
     * @throws Exception if the file is missing
     */
    public static void main(String[] args) throws Exception {
        Locale.setDefault(Locale.ROOT);
        List<byte[]> bodies = Files.readAllLines(Path.of(args[1])).stream()
                .map(body -> body.getBytes(StandardCharsets.UTF_8))
                .toList();
        Semaphore free = new Semaphore(Integer.parseInt(args[2]));
        int all = Integer.parseInt(args[2]);
        double rate = Double.parseDouble(args[3]);
        SplittableRandom random = new SplittableRandom(Long.parseLong(args[4]));
        HttpLoadClient client = new HttpLoadClient(Integer.parseInt(args[0]), all);
        AtomicInteger wrong = new AtomicInteger();
        // Java compiles the client while it warms up: elsewhere that is another machine's work.
        for (byte[] body : bodies) {
            free.acquire();
            client.ask(body, status -> free.release());
        }
        free.acquire(all);
        free.release(all);
        double[] seconds = new double[bodies.size()];
        double processor = ProcessorTime.seconds();
        long begun = System.nanoTime();
        double due = 0;
        for (int i = 0; i < bodies.size(); i++) {
            if (rate > 0) {
                due += -Math.log(1 - random.nextDouble()) / rate;
                long left = begun + (long) (1e9 * due) - System.nanoTime();
                if (left > 0) {
                    Thread.sleep(left / 1_000_000, (int) (left % 1_000_000));
                }
            }
            free.acquire();
            int request = i;
            long from = rate > 0 ? begun + (long) (1e9 * due) : System.nanoTime();
            client.ask(bodies.get(i), status -> {
                seconds[request] = (System.nanoTime() - from) / 1e9;
                if (status != OK) {
                    wrong.incrementAndGet();
                }
                free.release();
            });
        }
        free.acquire(all);
        ChildJava.tell("requests a second", bodies.size() / ((System.nanoTime() - begun) / 1e9));
        ChildJava.tell(PROCESSOR, 1e3 * (ProcessorTime.seconds() - processor) / bodies.size());
        Arrays.sort(seconds);
        ChildJava.tell("median", seconds[seconds.length / 2]);
        ChildJava.tell("p99", seconds[(int) (0.99 * seconds.length)]);
        ChildJava.tell("wrong", wrong.get());
        // Threads of the client would stay for a while.
        System.exit(0);
    }

    /** Posts a body by a connection that is free, and gives the status of the answer once it is there whole. */
    private void ask(byte[] body, IntConsumer done) {
        connections.acquire().addListener((Future<Channel> got) -> {
            if (!got.isSuccess()) {
                done.accept(NO_ANSWER);
                return;
            }
            Channel channel = got.getNow();
            channel.attr(WAITING).set(done);
            FullHttpRequest request = new DefaultFullHttpRequest(
                    HttpVersion.HTTP_1_1, HttpMethod.POST, "/embed", Unpooled.wrappedBuffer(body));
            request.headers()
                    .set(HttpHeaderNames.HOST, host)
                    .set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON)
                    .set(HttpHeaderNames.CONTENT_LENGTH, body.length);
            channel.writeAndFlush(request).addListener(sent -> {
                if (!sent.isSuccess()) {
                    channel.close();
                }
            });
        });
    }

    private final class Answers extends SimpleChannelInboundHandler<FullHttpResponse> {

        @Override
        protected void channelRead0(ChannelHandlerContext context, FullHttpResponse answer) {
            told(context.channel(), answer.status().code());
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            told(context.channel(), NO_ANSWER);
        }

        private void told(Channel channel, int status) {
            IntConsumer done = channel.attr(WAITING).getAndSet(null);
            if (done != null) {
                connections.release(channel);
                done.accept(status);
            }
        }
    }
}
