/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.lora4j.internal.http.HttpProblem.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A request of a connection, and what becomes of it. */
final class ConnectionExchange implements Exchange {

    private static final Logger LOG = LoggerFactory.getLogger(ConnectionExchange.class);
    private static final String REQUEST_ID = "X-Request-Id";
    private static final int LONGEST_ID = 128;
    private static final byte[] NOTHING = new byte[0];

    private enum State {
        OPEN,
        STREAMING,
        ANSWERED,
        GONE
    }

    private final HttpConnection connection;
    private final HttpRequest request;
    private final String id;
    private final long begun = System.nanoTime();
    private final HttpHeaders answerHeaders = new DefaultHttpHeaders();
    private final List<Runnable> whenGone = new ArrayList<>();
    private volatile RouteTable.Match match;
    private volatile byte[] body = NOTHING;
    private ObjectNode json;
    private State state = State.OPEN;
    private volatile int status;
    private volatile String model;
    private int tokensRead;
    private int tokensWritten;

    ConnectionExchange(HttpConnection connection, HttpRequest request) {
        this.connection = connection;
        this.request = request;
        String theirs = request == null ? null : request.headers().get(REQUEST_ID);
        this.id = theirs != null && isPlain(theirs) ? theirs : UUID.randomUUID().toString();
        answerHeaders.set(REQUEST_ID, id);
    }

    /** What may stand in a header and in a line of a log. */
    private static boolean isPlain(String id) {
        return !id.isEmpty() && id.length() <= LONGEST_ID && id.chars().allMatch(c -> c > ' ' && c < 0x7f);
    }

    void matched(RouteTable.Match found) {
        match = found;
    }

    void arrived(byte[] bytes) {
        body = bytes;
    }

    /** Whether its route reads what arrives. */
    boolean keepsBody() {
        return match.route().takesBody();
    }

    HttpRequest request() {
        return request;
    }

    /** Gives the request to what its route does. */
    void handle() {
        try {
            match.route().handler().handle(this);
        } catch (Exception | StackOverflowError | OutOfMemoryError e) {
            fail(e);
        }
    }

    @Override
    public String method() {
        return request.method().name();
    }

    @Override
    public String path() {
        return new QueryStringDecoder(request.uri()).path();
    }

    @Override
    public String requestId() {
        return id;
    }

    @Override
    public String pathValue(String name) {
        return match.values().get(name);
    }

    @Override
    public Optional<String> header(String name) {
        return Optional.ofNullable(request.headers().get(name));
    }

    @Override
    public Optional<String> query(String name) {
        List<String> values = new QueryStringDecoder(request.uri()).parameters().getOrDefault(name, List.of());
        return values.stream().findFirst();
    }

    @Override
    public synchronized ObjectNode json() {
        if (json == null) {
            json = JsonBody.read(body);
        }
        return json;
    }

    @Override
    public void answer(int code, JsonNode answer) {
        answer(code, "application/json", JsonBody.write(answer));
    }

    /** Says that there is no room for the answer, which is dropped. */
    void hasNoRoom() {
        synchronized (this) {
            state = State.OPEN;
        }
        fail(HttpFront.overloaded());
    }

    @Override
    public void answer(int code, String contentType, byte[] bytes) {
        synchronized (this) {
            if (state != State.OPEN) {
                return;
            }
            state = State.ANSWERED;
            status = code;
        }
        answerHeaders.set(HttpHeaderNames.CONTENT_TYPE, contentType);
        connection.write(this, code, answerHeaders, Unpooled.wrappedBuffer(bytes));
    }

    @Override
    public <T> void answerWith(CompletableFuture<T> future, Function<T, JsonNode> body) {
        whenGone(() -> future.cancel(true));
        connection.whenDone(future, (result, failure) -> {
            if (isGone()) {
                return;
            }
            if (failure != null) {
                fail(failure);
                return;
            }
            try {
                answer(body.apply(result));
            } catch (RuntimeException e) {
                fail(e);
            }
        });
    }

    @Override
    public synchronized void header(String name, String value) {
        if (state == State.OPEN) {
            answerHeaders.set(name, value);
        }
    }

    @Override
    public void fail(Throwable failure) {
        if (failure instanceof RouteTable.WrongMethod wrong) {
            header("Allow", wrong.allowed());
            answer(new HttpProblem(Kind.METHOD, wrong.getMessage()));
        } else {
            answer(problem(failure));
        }
    }

    private void answer(HttpProblem problem) {
        problem.retryAfterSeconds().ifPresent(seconds -> header("Retry-After", Long.toString(seconds)));
        if (problem.kind() == Kind.UNAUTHORIZED) {
            header("WWW-Authenticate", "Bearer");
        }
        answer(problem.kind().status(), shape().body(problem));
    }

    private ErrorShape shape() {
        return match == null ? ErrorShape.OPENAI_AND_TEI : match.route().errors();
    }

    private HttpProblem problem(Throwable failure) {
        return connection.settings().failures().of(failure).orElseGet(() -> {
            LOG.error("request {} to {} failed", id, route(), failure);
            return new HttpProblem(
                    Kind.INTERNAL, "the server failed at this request; its log says why, beside the id " + id + ".");
        });
    }

    /** What the body of an event of a failure is. */
    JsonNode told(Throwable failure) {
        return shape().body(problem(failure));
    }

    @Override
    public EventStream events() {
        synchronized (this) {
            if (state == State.OPEN) {
                state = State.STREAMING;
                status = 200;
                answerHeaders.set(HttpHeaderNames.CONTENT_TYPE, "text/event-stream; charset=utf-8");
                answerHeaders.set("X-Accel-Buffering", "no");
                connection.begin(this, answerHeaders);
            }
        }
        return new ConnectionEvents(this, connection);
    }

    /** Whether an event may still be written. */
    synchronized boolean streams() {
        return state == State.STREAMING;
    }

    /** Ends a stream; true for the first who does. */
    synchronized boolean endStream() {
        boolean first = state == State.STREAMING;
        if (first) {
            state = State.ANSWERED;
        }
        return first;
    }

    @Override
    public void whenGone(Runnable work) {
        synchronized (this) {
            if (state == State.OPEN || state == State.STREAMING) {
                whenGone.add(work);
                return;
            }
            if (state == State.ANSWERED) {
                return;
            }
        }
        work.run();
    }

    @Override
    public synchronized boolean isGone() {
        return state == State.GONE;
    }

    /** Nobody waits for the answer any more. */
    void gone() {
        List<Runnable> work;
        synchronized (this) {
            if (state == State.GONE || state == State.ANSWERED) {
                return;
            }
            state = State.GONE;
            work = List.copyOf(whenGone);
        }
        giveUp(work);
    }

    /** Its time is over: what works on it is told, and the client, unless it takes too long to read what it has got. */
    void late() {
        List<Runnable> work;
        synchronized (this) {
            work = state == State.OPEN || state == State.STREAMING ? List.copyOf(whenGone) : null;
        }
        if (work == null) {
            connection.abort();
            return;
        }
        if (streams()) {
            new ConnectionEvents(this, connection).fail(FailureTable.timeIsOver());
        } else {
            fail(FailureTable.timeIsOver());
        }
        giveUp(work);
    }

    /** Not by the thread of the connection, as what is told may wait for locks. */
    private void giveUp(List<Runnable> work) {
        if (!work.isEmpty()) {
            connection.aside(() -> work.forEach(this::run));
        }
    }

    private void run(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            LOG.error("request {} could not be given up", id, e);
        }
    }

    @Override
    public void model(String known) {
        model = known;
    }

    @Override
    public synchronized void tokens(int read, int written) {
        tokensRead += read;
        tokensWritten += written;
    }

    private String route() {
        return match == null ? "unknown" : match.route().path();
    }

    /** What the log says of it. */
    synchronized RequestLog.Entry entry(String remote, long bytesOut) {
        return new RequestLog.Entry(
                id,
                remote,
                match == null ? "unknown" : match.route().method(),
                route(),
                status,
                state == State.GONE,
                System.nanoTime() - begun,
                body.length,
                bytesOut,
                model,
                tokensRead,
                tokensWritten,
                body);
    }

    @Override
    public String toString() {
        return "request " + id + " to " + route();
    }

    /** Text as bytes of a body. */
    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
