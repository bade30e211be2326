/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.time.Duration;
import java.util.Optional;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;

/**
 * What a caller may ask of one request. Immutable: each call gives another one.
 *
 * @param truncate whether inputs that are too long are cut; otherwise the request is refused
 * @param time how long it may take, if that is less than the server's limit
 * @param key of whom it is, such as a user: the same key stays on the same side of a canary
 * @apiNote Status: experimental
 */
public record RequestOptions(boolean truncate, Optional<Duration> time, Optional<String> key) {

    private static final RequestOptions USUAL = new RequestOptions(true, Optional.empty(), Optional.empty());

    /**
     * Checks that nothing is null, and that there is time.
     *
     * @param truncate as in the record
     * @param time as in the record
     * @param key as in the record
     * @throws IllegalArgumentException if the time is not above 0
     */
    public RequestOptions {
        Arguments.required(time, "RequestOptions: time", "a duration, or Optional.empty()");
        Arguments.required(key, "RequestOptions: key", "a key, or Optional.empty()");
        Problems problems = new Problems();
        time.ifPresent(within -> problems.check(
                !within.isNegative() && !within.isZero(), "time = " + within + ", expected more than nothing"));
        problems.throwIfAny("RequestOptions");
    }

    /**
     * What holds if nobody says anything: inputs that are too long are cut, as the tasks themselves do it.
     *
     * @return options
     */
    public static RequestOptions usual() {
        return USUAL;
    }

    /**
     * Says what becomes of inputs that are too long.
     *
     * @param cut whether they are cut; otherwise the request is refused
     * @return other options
     */
    public RequestOptions truncating(boolean cut) {
        return new RequestOptions(cut, time, key);
    }

    /**
     * Limits the time.
     *
     * @param atMost how long the request may take
     * @return other options
     */
    public RequestOptions within(Duration atMost) {
        return new RequestOptions(
                truncate, Optional.of(Arguments.required(atMost, "RequestOptions.within: atMost", "a duration")), key);
    }

    /**
     * Says of whom the request is.
     *
     * @param of such as a user or a session
     * @return other options
     */
    public RequestOptions withKey(String of) {
        return new RequestOptions(
                truncate, time, Optional.of(Arguments.required(of, "RequestOptions.withKey: of", "a key")));
    }
}
