/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.lora4j.internal.parts.PartExchange;

/**
 * The way between the workers of a training: all are connected to the first of them, which collects what each gives and sends it
 * to the others.
 *
 * <p>Time spent waiting and sending is counted.
 */
final class WorkerExchange implements PartExchange, Closeable {

    /** Bytes of what one worker gives in a step: gradients of a few million parameters in several parts. */
    static final int MOST_OF_ONE = 256 << 20;

    /** Seconds in which who comes has to say who it is. */
    private static final int GREETING = 10;

    private final int worker;
    private final SecretChannel[] channels;
    private final int workers;
    private final int seconds;
    private final ScheduledExecutorService watch = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread thread = new Thread(work, "lora4j-worker-exchange");
        thread.setDaemon(true);
        return thread;
    });
    private long nanos;

    /**
     * Where the first worker waits for the others.
     *
     * @param socket bound, or null in the other workers
     * @param address its address as {@code host:port}; empty in the other workers
     */
    record Meeting(ServerSocket socket, String address) {

        /** Opens it, at this executor's own address. */
        static Meeting open(int worker, String host, int seconds) throws IOException {
            if (worker > 0) {
                return new Meeting(null, "");
            }
            ServerSocket socket = new ServerSocket();
            socket.bind(new InetSocketAddress(InetAddress.getByName(host), 0));
            socket.setSoTimeout(Math.multiplyExact(seconds, 1000));
            return new Meeting(socket, socket.getInetAddress().getHostAddress() + ":" + socket.getLocalPort());
        }
    }

    private WorkerExchange(int worker, int workers, SecretChannel[] channels, int seconds) {
        this.worker = worker;
        this.workers = workers;
        this.channels = channels;
        this.seconds = seconds;
    }

    /**
     * Connects the workers.
     *
     * @param meeting what this worker opened
     * @param first the address of the first worker
     * @param secret what all workers know
     * @param seconds how long anything may take
     */
    static WorkerExchange of(int worker, int workers, Meeting meeting, String first, byte[] secret, int seconds)
            throws IOException {
        int most = (int) Math.min(Integer.MAX_VALUE - 64L, (long) MOST_OF_ONE * workers);
        SecretChannel[] channels = new SecretChannel[worker == 0 ? workers : 1];
        WorkerExchange exchange = new WorkerExchange(worker, workers, channels, seconds);
        try {
            if (worker == 0) {
                exchange.acceptAll(meeting.socket(), secret, most);
            } else {
                int colon = first.lastIndexOf(':');
                Socket socket = new Socket();
                socket.connect(
                        new InetSocketAddress(first.substring(0, colon), Integer.parseInt(first.substring(colon + 1))),
                        seconds * 1000);
                socket.setSoTimeout(seconds * 1000);
                channels[0] = SecretChannel.connect(socket, secret, worker, most);
            }
            return exchange;
        } catch (IOException | RuntimeException e) {
            exchange.close();
            throw e;
        } finally {
            if (meeting.socket() != null) {
                meeting.socket().close();
            }
        }
    }

    /** Strangers may knock too: they are shown the door, and the workers are waited for. */
    private void acceptAll(ServerSocket meeting, byte[] secret, int most) throws IOException {
        long deadline = System.nanoTime() + seconds * 1_000_000_000L;
        int missing = workers - 1;
        while (missing > 0) {
            if (System.nanoTime() > deadline) {
                throw new SocketTimeoutException(missing + " workers did not come within " + seconds + " s");
            }
            Socket socket = meeting.accept();
            // One who says nothing, or a byte now and then, must not keep the others waiting.
            Future<?> late = closeAfter(Math.min(seconds, GREETING), socket);
            try {
                SecretChannel.Accepted accepted = SecretChannel.accept(socket, secret, most);
                int from = accepted.worker();
                if (from < 1 || from >= workers || channels[from] != null) {
                    throw new IOException("worker " + from + " of " + workers + " came; expected each once");
                }
                socket.setSoTimeout(seconds * 1000);
                channels[from] = accepted.channel();
                missing--;
            } catch (IOException e) {
                socket.close();
            } finally {
                late.cancel(false);
            }
        }
    }

    @Override
    public int worker() {
        return worker;
    }

    @Override
    public int workers() {
        return workers;
    }

    /** How much of the time went into the exchange. */
    double seconds() {
        return nanos / 1e9;
    }

    @Override
    public List<byte[]> exchange(byte[] own) {
        long start = System.nanoTime();
        // The time-out of a socket is for reading: a worker that takes nothing would keep this one writing for ever.
        Future<?> late = closeAfter(2L * seconds, this);
        try {
            return worker == 0 ? collect(own) : give(own);
        } catch (IOException e) {
            throw new IllegalStateException(
                    "worker " + worker + ": the exchange with the other workers failed: " + e.getMessage()
                            + ". Spark tries the stage again.",
                    e);
        } finally {
            late.cancel(false);
            nanos += System.nanoTime() - start;
        }
    }

    private List<byte[]> collect(byte[] own) throws IOException {
        List<byte[]> all = new ArrayList<>(List.of(own));
        for (int other = 1; other < workers; other++) {
            all.add(channels[other].receive());
        }
        for (int other = 1; other < workers; other++) {
            List<byte[]> message = new ArrayList<>();
            for (int from = 0; from < workers; from++) {
                if (from != other) {
                    byte[] one = all.get(from);
                    message.add(ByteBuffer.allocate(Integer.BYTES)
                            .putInt(0, one.length)
                            .array());
                    message.add(one);
                }
            }
            channels[other].send(message);
        }
        return all;
    }

    private List<byte[]> give(byte[] own) throws IOException {
        channels[0].send(own);
        ByteBuffer joined = ByteBuffer.wrap(channels[0].receive());
        List<byte[]> all = new ArrayList<>();
        for (int from = 0; from < workers; from++) {
            all.add(from == worker ? own : next(joined));
        }
        return all;
    }

    private byte[] next(ByteBuffer joined) throws IOException {
        int length = joined.remaining() < Integer.BYTES ? -1 : joined.getInt();
        if (length < 0 || length > joined.remaining()) {
            throw new IOException("the first worker gave what is no message of " + workers + " workers");
        }
        byte[] one = new byte[length];
        joined.get(one);
        return one;
    }

    private Future<?> closeAfter(long delay, Closeable what) {
        return watch.schedule(
                () -> {
                    what.close();
                    return null;
                },
                delay,
                TimeUnit.SECONDS);
    }

    @Override
    public void close() throws IOException {
        watch.shutdownNow();
        for (SecretChannel channel : Arrays.asList(channels)) {
            if (channel != null) {
                channel.close();
            }
        }
    }
}
