/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;

/**
 * A failure as its client is told. Its message says what was found, what is expected and what to do.
 *
 * @apiNote Status: internal
 */
public final class HttpProblem extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final Kind kind;
    private final String type;
    private final String param;
    private final String code;
    private final Duration retryAfter;

    /** What went wrong, with the words that protocols have for it. */
    public enum Kind {
        BAD_REQUEST(400, "invalid_request_error", "Validation"),
        EMPTY(400, "invalid_request_error", "Empty"),
        UNAUTHORIZED(401, "authentication_error", "Validation"),
        FORBIDDEN(403, "permission_error", "Validation"),
        NOT_FOUND(404, "invalid_request_error", "Validation"),
        METHOD(405, "invalid_request_error", "Validation"),
        ARRIVAL(408, "timeout_error", "Validation"),
        CONFLICT(409, "conflict_error", "Validation"),
        TOO_LARGE(413, "invalid_request_error", "Validation"),
        URI_TOO_LONG(414, "invalid_request_error", "Validation"),
        MEDIA_TYPE(415, "invalid_request_error", "Validation"),
        EXPECTATION(417, "invalid_request_error", "Validation"),
        TOO_LONG(422, "invalid_request_error", "Validation"),
        UNPROCESSABLE(422, "invalid_request_error", "Tokenizer"),
        WRONG_MODEL(424, "invalid_request_error", "Backend"),
        OVERLOADED(429, "rate_limit_error", "Overloaded"),
        HEADERS_TOO_LARGE(431, "invalid_request_error", "Validation"),
        INTERNAL(500, "server_error", "Backend"),
        UNAVAILABLE(503, "service_unavailable_error", "Unhealthy"),
        TIMEOUT(504, "timeout_error", "Backend");

        private final int status;
        private final String type;
        private final String tei;

        Kind(int status, String type, String tei) {
            this.status = status;
            this.type = type;
            this.tei = tei;
        }

        public int status() {
            return status;
        }

        /** OpenAI's word. */
        public String type() {
            return type;
        }

        /** Text Embeddings Inference's word. */
        public String tei() {
            return tei;
        }
    }

    public HttpProblem(Kind kind, String message) {
        this(kind, message, kind.type(), null, null, null);
    }

    private HttpProblem(Kind kind, String message, String type, String param, String code, Duration retryAfter) {
        super(MessageText.bounded(message), null, false, false);
        this.kind = kind;
        this.type = type;
        this.param = param;
        this.code = code;
        this.retryAfter = retryAfter;
    }

    /** Nothing has this name, with those that are like it. */
    public static HttpProblem unknownModel(String name, Collection<String> known) {
        return new HttpProblem(
                        Kind.NOT_FOUND,
                        "there is no model or adapter " + MessageText.name(name) + ClosestNames.hint(name, known)
                                + ". GET /v1/models lists what there is.")
                .param("model")
                .code("model_not_found");
    }

    /** The same of a field. */
    public HttpProblem param(String name) {
        return new HttpProblem(kind, getMessage(), type, name, code, retryAfter);
    }

    /** The same with a word for programs. */
    public HttpProblem code(String word) {
        return new HttpProblem(kind, getMessage(), type, param, word, retryAfter);
    }

    /** The same with another word of OpenAI's kind. */
    public HttpProblem type(String word) {
        return new HttpProblem(kind, getMessage(), word, param, code, retryAfter);
    }

    /** The same with a time after which it may go. */
    public HttpProblem retryAfter(Duration time) {
        return new HttpProblem(kind, getMessage(), type, param, code, time);
    }

    public Kind kind() {
        return kind;
    }

    /** OpenAI's word for what went wrong. */
    public String type() {
        return type;
    }

    public Optional<String> param() {
        return Optional.ofNullable(param);
    }

    public Optional<String> code() {
        return Optional.ofNullable(code);
    }

    /** Whole seconds, 1 or more. */
    Optional<Long> retryAfterSeconds() {
        return Optional.ofNullable(retryAfter)
                .map(time -> Math.max(1, time.plusMillis(999).toSeconds()));
    }
}
