/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The functions that every template has. */
final class Globals {

    /** As Jinja2's sandbox has it. */
    private static final long LONGEST_RANGE = 100_000;

    static final Map<String, Callable> ALL = Map.of(
            "range", Globals::range,
            "dict", (scope, given) -> dictionary(scope, given),
            "namespace", Globals::namespace,
            "raise_exception",
                    (scope, given) -> {
                        throw TemplateFailure.raised(Values.text(given.required(0, "message"), scope.budget()));
                    },
            "strftime_now",
                    (scope, given) -> {
                        String format = given.text(0, "format");
                        scope.spend(format.length());
                        return Strftime.format(format, ZonedDateTime.now(scope.clock()), scope);
                    });

    private Globals() {}

    private static Object range(Scope scope, CallArguments given) {
        boolean one = given.positional().size() == 1;
        long from = one ? 0 : given.integer(0, "start", 0);
        long to = given.integer(one ? 0 : 1, "stop", 0);
        long step = given.integer(2, "step", 1);
        if (step == 0) {
            throw TemplateFailure.value("range() arg 3 must not be zero");
        }
        double count = Math.max(0, Math.ceil(((double) to - from) / step));
        if (count > LONGEST_RANGE) {
            throw TemplateFailure.limit("a range has more than " + LONGEST_RANGE + " numbers");
        }
        scope.spend((long) count * Budget.ELEMENT);
        List<Object> numbers = new ArrayList<>((int) count);
        for (long i = 0; i < count; i++) {
            numbers.add(from + i * step);
        }
        String spelled = "range(" + from + ", " + to + (step == 1 ? "" : ", " + step) + ")";
        return Iteration.range(spelled, numbers);
    }

    private static Map<Object, Object> dictionary(Scope scope, CallArguments given) {
        Dictionary fields = new Dictionary(scope);
        if (!given.positional().isEmpty()) {
            Object source = given.positional().get(0);
            if (source instanceof Map<?, ?> map) {
                map.forEach(fields::put);
            } else {
                for (Object pair : Values.elements(source, scope)) {
                    List<Object> two = Values.elements(pair, scope);
                    if (two.size() != 2) {
                        throw TemplateFailure.value("a dictionary is made of pairs, not of " + two.size() + " values");
                    }
                    fields.put(two.get(0), two.get(1));
                }
            }
        }
        given.named().forEach(fields::put);
        return fields.map();
    }

    private static Object namespace(Scope scope, CallArguments given) {
        Namespace namespace = new Namespace();
        dictionary(scope, given)
                .forEach((name, value) -> namespace.variables.put(Values.text(name, scope.budget()), value));
        return namespace;
    }
}
