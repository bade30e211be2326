/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.lora4j.error.Arguments;
import org.lora4j.internal.http.HttpFront;
import org.lora4j.internal.server.ModelCatalog;
import org.lora4j.internal.server.ModelHost;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers over HTTP what its models answer, in the protocols of OpenAI, of Text Embeddings Inference and of the Open Inference
 * Protocol. A request names its adapter as its model; requests for many adapters over one base are computed together.
 *
 * <pre>{@code
 * try (LoraServer server = LoraServer.builder()
 *         .encoder("minilm", TextEncoder.named("all-minilm-l6-v2"))
 *         .adapter("tickets", directory)
 *         .start()) {
 *     System.out.println(server.uri());
 * }
 * }</pre>
 *
 * <p><b>Who may ask.</b> It listens on this machine alone, unless it is told otherwise; then it wants a token, or to be told that
 * everybody may ask. Changes want another token, which nobody has by default.
 *
 * <p><b>State.</b> Running from {@link LoraServerBuilder#start} until {@link #stop}. <b>Threads.</b> Safe.
 *
 * @apiNote Status: experimental
 */
public final class LoraServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(LoraServer.class);
    private static final Duration USUAL = Duration.ofSeconds(30);

    private final HttpFront front;
    private final ModelCatalog catalog;
    private final boolean encrypted;
    private boolean stopped;
    private boolean answeredAll = true;

    LoraServer(HttpFront front, ModelCatalog catalog, boolean encrypted) {
        this.front = front;
        this.catalog = catalog;
        this.encrypted = encrypted;
    }

    /**
     * Starts the description of a server.
     *
     * @return a builder without models
     */
    public static LoraServerBuilder builder() {
        return new LoraServerBuilder();
    }

    /**
     * Where it listens.
     *
     * @return such as {@code http://127.0.0.1:8080}
     */
    public URI uri() {
        InetSocketAddress address = front.address();
        String host = address.getAddress().getHostAddress();
        String literal = host.indexOf(':') < 0 ? host : "[" + host + "]";
        return URI.create((encrypted ? "https://" : "http://") + literal + ":" + address.getPort());
    }

    /**
     * The port, which is the one that was found if any was asked for.
     *
     * @return 1 to 65,535
     */
    public int port() {
        return front.address().getPort();
    }

    /**
     * What requests may name as their model.
     *
     * @return bases, adapters and aliases
     */
    public List<String> models() {
        return List.copyOf(catalog.names());
    }

    /**
     * Takes no more requests, answers those that were taken, and ends. Without effect if it has ended.
     *
     * @param atMost how long to wait for answers; requests that are not answered by then are given up
     * @return whether all were answered
     * @throws InterruptedException if the thread is interrupted meanwhile; the server has ended then
     */
    public synchronized boolean stop(Duration atMost) throws InterruptedException {
        Arguments.required(atMost, "LoraServer.stop: atMost", "a time, such as Duration.ofSeconds(30)");
        if (!stopped) {
            stopped = true;
            try {
                answeredAll = front.stop(atMost);
            } finally {
                front.close();
                catalog.hosts().forEach(ModelHost::close);
            }
        }
        return answeredAll;
    }

    /** Stops as {@link #stop}, and waits half a minute for answers at most. */
    @Override
    public void close() {
        try {
            if (!stop(USUAL)) {
                LOG.warn(
                        "LoraServer: requests were given up, as they were not answered within {} s", USUAL.toSeconds());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public String toString() {
        return "LoraServer[" + uri() + ", " + models().size() + " models]";
    }

    /** Ends a server that could not start. */
    static void abandon(HttpFront front, List<ModelHost> hosts) {
        front.close();
        hosts.forEach(ModelHost::close);
    }

    /** Where to listen: a name is looked up once. */
    static InetSocketAddress address(String host, int port) throws IOException {
        InetSocketAddress address = new InetSocketAddress(host, port);
        if (address.isUnresolved()) {
            throw new IOException("LoraServer: host = \"" + host
                    + "\" is no address of this machine; expected one, such as" + " 127.0.0.1 or 0.0.0.0.");
        }
        return address;
    }
}
