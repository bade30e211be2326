/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What an operation is charged for against what it does: bytes that it makes, which the JVM counts, and processor time of its
 * thread. Operations come from the tables of the interpreter, so that a new filter, test, method, function or operator is
 * among them.
 */
class WorkTest {

    private static final long SEED = 20261130;

    /** What a call may spend: it is refused before it does more. */
    private static final long WORK = 1 << 17;

    /**
     * A unit takes some 10 to 30, so that a whole rendering, which may spend 2^26, ends in two seconds. Ten times that is let pass: what
     * is not paid for takes a thousand times as long, and machines differ.
     */
    private static final double NANOSECONDS_OF_A_UNIT = 300;

    /** What is called for the first times is interpreted. */
    private static final long NANOSECONDS_BESIDE = 50_000_000;

    private static final long BYTES_OF_A_UNIT = 48;

    private static final long BYTES_BESIDE = 1 << 16;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Anything that a template can do to a value. */
    private interface Operation {
        Object apply(Object value, CallArguments given, Scope scope);
    }

    private static Map<String, Operation> operations() {
        Map<String, Operation> all = new TreeMap<>();
        Filters.ALL.forEach((name, filter) -> all.put("filter " + name, filter::apply));
        Tests.ALL.forEach((name, test) -> all.put("test " + name, test::holds));
        Globals.ALL.forEach((name, function) -> all.put("function " + name, (value, given, scope) -> {
            List<Object> values = new ArrayList<>(List.of(value == null ? "" : value));
            values.addAll(given.positional());
            return function.call(scope, new CallArguments(values, Map.of()));
        }));
        Set<String> methods = new LinkedHashSet<>(Methods.OF_TEXTS.keySet());
        methods.addAll(Methods.OF_LISTS.keySet());
        methods.addAll(Methods.OF_DICTIONARIES.keySet());
        methods.forEach(name -> all.put(
                "method " + name,
                (value, given, scope) ->
                        ExpressionParser.Call.call(Members.attribute(value, name, scope), given, scope)));
        for (Map<String, Operators.Binary> table : List.of(Operators.ARITHMETIC, Operators.COMPARISON)) {
            table.forEach((sign, operator) -> all.put(
                    "operator " + sign, (value, given, scope) -> operator.apply(value, given.required(0, "b"), scope)));
        }
        all.put("text", (value, given, scope) -> Values.text(value, scope.budget()));
        all.put("repr", (value, given, scope) -> Values.repr(value, scope.budget()));
        all.put("truth", (value, given, scope) -> Values.isTrue(value));
        all.put("elements", (value, given, scope) -> Values.elements(value, scope));
        all.put("item", (value, given, scope) -> Members.item(value, given.required(0, "key"), scope));
        all.put(
                "slice",
                (value, given, scope) -> Members.slice(
                        value,
                        given.get(0, "from", null),
                        given.get(1, "to", null),
                        given.get(2, "step", null),
                        scope));
        return all;
    }

    /** What a call cost. */
    private record Cost(long spent, long nanoseconds, long bytes) {

        boolean isPaid() {
            return nanoseconds <= spent * NANOSECONDS_OF_A_UNIT + NANOSECONDS_BESIDE
                    && bytes <= spent * BYTES_OF_A_UNIT + BYTES_BESIDE;
        }

        Cost min(Cost other) {
            return new Cost(spent, Math.min(nanoseconds, other.nanoseconds), Math.min(bytes, other.bytes));
        }
    }

    private static Cost cost(Operation operation, Supplier<Object> value, List<Supplier<Object>> given) {
        Budget budget = new Budget(WORK, WORK);
        Scope scope = Scope.root(Map.of(), budget, Clock.systemUTC());
        Object self = value.get();
        List<Object> values = new ArrayList<>();
        given.forEach(each -> values.add(each.get()));
        long bytes = THREADS.getCurrentThreadAllocatedBytes();
        long time = THREADS.getCurrentThreadCpuTime();
        try {
            // Of an evaluation, which every operation is part of.
            scope.spend(Budget.STEP);
            Object result = operation.apply(self, new CallArguments(values, Map.of()), scope);
            if (result instanceof Iteration) {
                for (Iterator<Object> rest = Values.iterator(result, scope); rest.hasNext(); ) {
                    rest.next();
                }
            }
        } catch (TemplateFailure e) {
            // A value of a wrong type, or a limit: that took no more than was paid, either.
        }
        // What was refused was not done.
        long spent = Math.min(budget.spent(), WORK);
        return new Cost(
                spent, THREADS.getCurrentThreadCpuTime() - time, THREADS.getCurrentThreadAllocatedBytes() - bytes);
    }

    private final Map<String, Supplier<Object>> values = Largest.values();
    private final Map<String, Cost> unpaid = new LinkedHashMap<>();
    private long calls;

    private void check(String name, Operation operation, String value, List<String> given) {
        calls++;
        List<Supplier<Object>> suppliers = given.stream().map(values::get).toList();
        Cost cost = cost(operation, values.get(value), suppliers);
        for (int again = 0; again < 20 && !cost.isPaid(); again++) {
            cost = cost.min(cost(operation, values.get(value), suppliers));
        }
        if (!cost.isPaid()) {
            unpaid.put(name + " of " + value + given, cost);
        }
    }

    @Test
    void operations_onWhatIsLargest_arePaidFor(TestReporter reporter) {
        drawn(2, 20, reporter);
    }

    @Tag("thorough")
    @Test
    void operations_onWhatIsLargest_arePaidFor_drawnForLong(TestReporter reporter) {
        drawn(1_000, 3_000, reporter);
    }

    /** Each value without arguments, each text with some texts, and so many calls with anything. */
    private void drawn(int texts, int draws, TestReporter reporter) {
        SplittableRandom random = new SplittableRandom(SEED);
        List<String> names = List.copyOf(values.keySet());
        List<String> textNames = List.copyOf(Largest.texts().keySet());
        operations().forEach((name, operation) -> {
            names.forEach(value -> check(name, operation, value, List.of()));
            for (String text : textNames) {
                for (int i = 0; i < Math.min(texts, textNames.size()); i++) {
                    boolean all = texts >= textNames.size();
                    check(name, operation, text, List.of(textNames.get(all ? i : random.nextInt(textNames.size()))));
                }
            }
            for (int draw = 0; draw < draws; draw++) {
                List<String> given = new ArrayList<>();
                for (int i = random.nextInt(5); i > 0; i--) {
                    given.add(names.get(random.nextInt(names.size())));
                }
                check(name, operation, names.get(random.nextInt(names.size())), given);
            }
        });

        reporter.publishEntry("calls", Long.toString(calls));
        assertThat(unpaid).as("seed " + SEED).isEmpty();
    }

    /** A whole rendering of what is done over and over. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "('1' * 100000 ~ 'x')|int",
                "('1' * 100000 ~ 'x')|float",
                "('Σ' * 100000)|lower",
                "('%(' * 100000) % 1",
                "('a' * 100000).find('a' * 50000 ~ 'b')",
                "('a' * 50000 ~ 'b') in ('a' * 100000)",
                "('a' * 100000).replace('a' * 50000 ~ 'b', '')",
                "('a' * 100000).strip('b' * 50000 ~ 'a')",
                "('a ' * 50000).rsplit(' ', 100000)",
                "('{0}' * 30000).format(1)",
                "strftime_now('%c' * 100)",
                "range(10000)|map('string')|join",
                "'' .join(l)",
                "l|join",
                "[1, 2, 3]|tojson(separators=(t, t))",
                "'abcdefghijkl'|truncate(1, true, t)",
                "t.startswith(p)",
                "t is sameas(u)",
                "{t: 1}.get(u)",
                "d == e",
                "g in {}",
                "g is filter",
                "missing[g]",
                "5e-324 ~ 2.2250738585072014e-308",
                "'5e-324'|float|round(300)",
                "d[9007199254740993]",
                "f()",
                "n.x"
            })
    void rendering_takesTimeForItsWork_andComesToAnEnd(String expression) {
        String names = String.join(
                "=1, ", IntStream.range(0, 5_000).mapToObj(i -> "p" + i).toList());
        String template = "{% macro f(" + names + "=1) %}{% endmacro %}"
                + "{% set t = 'a' * 50000 %}{% set u = 'a' * 49999 ~ 'a' %}{% set p = (t ~ 'b', t ~ 'c') * 5000 %}"
                + "{% set l = [''] * 20000 %}{% set n = namespace() %}"
                + "{% set ns = namespace(g=(1, 2)) %}{% for i in range(60) %}{% set ns.g = (ns.g, ns.g) %}{% endfor %}"
                + "{% set g = ns.g %}"
                + "{% for i in range(100000) %}{% set x = " + expression + " %}{% endfor %}";
        Map<String, Object> variables = Map.of("d", numbered(1), "e", numbered(2));
        long work = 1 << 22;
        long time = THREADS.getCurrentThreadCpuTime();

        try {
            JinjaTemplate.parse(template).render(variables, Clock.systemUTC(), work, work);
        } catch (TemplateFailure e) {
            assertThat(e.kind()).isIn(TemplateFailure.Kind.LIMIT, TemplateFailure.Kind.VALUE);
        }

        // Values of the caller are paid for, too: those are 30,000 characters.
        assertThat(THREADS.getCurrentThreadCpuTime() - time)
                .isLessThan((long) ((work + 64 * 30_000) * NANOSECONDS_OF_A_UNIT) + NANOSECONDS_BESIDE);
    }

    private static Map<String, Object> numbered(int first) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < 2_000; i++) {
            map.put("key" + i, i + first);
        }
        return map;
    }
}
