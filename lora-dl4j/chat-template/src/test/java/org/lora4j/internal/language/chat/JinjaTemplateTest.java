/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.internal.language.chat.TemplateFailure.Kind;

class JinjaTemplateTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    private static final Clock CLOCK =
            Clock.fixed(LocalDateTime.of(2026, 3, 7, 9, 5, 2).toInstant(ZoneOffset.UTC), ZoneOffset.UTC);

    /** Sixty thousand evaluations. */
    private static final long WORK = 1 << 20;

    private static String render(String template, Map<String, ?> variables) {
        return JinjaTemplate.parse(template).render(variables, CLOCK, WORK, 1 << 16);
    }

    private static TemplateFailure failure(String template) {
        return catchThrowableOfType(TemplateFailure.class, () -> render(template, Map.of("l", List.of(3, 1, 2))));
    }

    @Test
    void templates_renderAsWithJinja2() throws IOException {
        JsonNode golden = JSON.readTree(
                Path.of("src/test/resources/language/jinja/rendered.json").toFile());
        Map<String, Object> variables = JSON.convertValue(golden.get("variables"), new TypeReference<>() {});
        Map<String, String> others = new HashMap<>();
        for (JsonNode one : golden.get("cases")) {
            String template = one.get("template").textValue();
            String text;
            try {
                text = render(template, variables);
            } catch (TemplateFailure e) {
                text = null;
            }
            if (!Objects.equals(text, one.get("text").textValue())) {
                others.put(template, text);
            }
        }
        assertThat(others).isEmpty();
        assertThat(golden.get("cases")).hasSizeGreaterThan(600);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
                "{% set ns = namespace(s='aaaa') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
                "{% set ns = namespace(l=[1]) %}{% for i in range(999) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
                "{% set ns = namespace(l=[1]) %}{% for i in range(999) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l == ns.l }}{{ ns.l|tojson }}",
                "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
                "{% macro f(n) %}{{ f(n) ~ f(n) }}{% endmacro %}{{ f(1) }}",
                "{% macro f() %}{{ caller() }}{% endmacro %}{% macro g() %}{% call f() %}{{ g() }}{% endcall %}{% endmacro %}{{ g() }}",
                "{{ range(100001) }}",
                "{{ 'x' * 999999999 }}",
                "{{ [1] * 999999999 }}",
                "{{ ''.ljust(999999999) }}",
                "{{ 'abc'.replace('', 'x' * 400000) }}",
                "{{ ('x' * 99999)|list|join('y' * 100)  }}",
                "{{ ['x' * 60000, 'y' * 60000]|join }}",
                "{{ ('x\n' * 9999)|indent('y' * 999) }}",
                "{% for i in range(99999) %}{{ 1.1 }}{% endfor %}",
                "{% for i in range(99999) %}{% set x = l|tojson(indent=99) %}{% endfor %}",
                "{{ ('a ' * 30000).split()|map('upper')|map('lower')|map('title')|list|length }}",
                "{% set ns = namespace(g=l) %}{% for i in range(999) %}{% set ns.g = ns.g|map('string') %}{% endfor %}{{ ns.g|list }}",
                "{% set ns = namespace(l=[1]) %}{% for i in range(999) %}{% set ns.l = [ns.l] %}{% endfor %}{{ [ns.l, ns.l]|sort }}",
                "{% set ns = namespace(a=1) %}{% set ns.a = ns %}{{ ns }}",
                "{{ range(20000)|unique|list }}",
                "{{ l|batch(999999999, 'x')|list }}",
                "{{ l|slice(999999999)|list }}",
                "{{ 'a'|center(999999999) }}",
                "{{ 'a'.zfill(999999999) }}"
            })
    void template_withoutEnd_comesToALimit(String template) {
        assertThat(failure(template).kind()).isEqualTo(Kind.LIMIT);
    }

    /** A hundred of these are few steps; what they do with a million characters has to be paid for, too. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "s < s",
                "s == s",
                "s is lower",
                "s|length",
                "s|int",
                "s|float",
                "s|truncate(9999999)",
                "s[5]",
                "s[5:7]",
                "[s, s]|sort",
                "[s]|min",
                "[s]|unique|list",
                "{'a': s}|dictsort(by='value')",
                "strftime_now(s)",
                "s.find('y')",
                "[1]|map(attribute=s)|list",
                "[[1]]|sort(attribute='0' ~ ',0' * 20000)",
                "([ns] * 20)|map(attribute='a' ~ '.a' * 200)|list"
            })
    void work_onWhatIsLarge_isPaidFor(String expression) {
        String template = "{% set s = 'x' * 1000000 %}{% set ns = namespace(a=1) %}{% set ns.a = ns %}"
                + "{% for i in range(100) %}{% set q = " + expression + " %}{% endfor %}";

        assertThatExceptionOfType(TemplateFailure.class)
                .isThrownBy(() -> JinjaTemplate.parse(template).render(Map.of(), CLOCK, 4 * WORK, 1 << 16))
                .extracting(TemplateFailure::kind)
                .isEqualTo(Kind.LIMIT);
    }

    @Test
    void reason_isShort_howeverLongTheNameIsThatIsMissing() {
        assertThat(failure("{{ l['x' * 10000].y }}").getMessage())
                .startsWith("'list object' has no attribute 'xxx")
                .hasSizeLessThan(200);
    }

    @Test
    void template_nestedWithoutEnd_isNoTemplate() {
        for (String open : List.of("(", "[", "{1:", "x[", "f(", "1 if x else ", "x|map(", "-(", "not (")) {
            assertThat(failure("{{ " + open.repeat(10_000) + "1 }}").kind())
                    .as(open)
                    .isEqualTo(Kind.SYNTAX);
        }
        for (String open : List.of("{% if 1 %}", "{% for i in l %}", "{% macro f() %}", "{% set x %}", "{% with %}")) {
            assertThat(failure(open.repeat(10_000)).kind()).as(open).isEqualTo(Kind.SYNTAX);
        }
    }

    @Test
    void template_ofManyOperators_needsNoStackForEach() {
        assertThat(render("{{ 1" + " + 1".repeat(9_999) + " }}", Map.of())).isEqualTo("10000");
        assertThat(render("{{ 'a'" + "|upper".repeat(9_999) + " }}", Map.of())).isEqualTo("A");
        assertThat(render("{{ " + "not ".repeat(9_999) + "1 }}", Map.of())).isEqualTo("False");
        assertThat(render("{{ 1" + " and 1".repeat(9_999) + " }}", Map.of())).isEqualTo("1");
        assertThat(render("{% if 0 %}" + "{% elif 0 %}".repeat(9_999) + "{% else %}x{% endif %}", Map.of()))
                .isEqualTo("x");
    }

    @Test
    void template_inAThreadWithLittleStack_isRefusedAndNothingElse() throws InterruptedException {
        List<Throwable> thrown = new ArrayList<>();
        String nested = "{{ " + "(not -[1 if 1 < ".repeat(40) + "1" + "])".repeat(40) + " }}";
        Thread thread = new Thread(null, () -> thrown.add(failure(nested)), "little", 1 << 16);
        thread.setUncaughtExceptionHandler((where, e) -> thrown.add(e));
        thread.start();
        thread.join();

        assertThat(thrown).singleElement().isInstanceOf(TemplateFailure.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{ s.getClass() }}",
                "{{ s.class.name }}",
                "{{ s.bytes.length }}",
                "{{ l.stream() }}",
                "{{ l.class.forName('java.lang.Runtime') }}",
                "{{ ''.__class__.__mro__ }}",
                "{{ range.__globals__.x }}",
                "{{ f.__call__() }}",
                "{{ '{0.__class__}'.format(1) }}",
                "{{ l.append(1) }}",
                "{{ d.update({}) }}",
                "{{ d.clear() }}",
                "{% set d.x = 1 %}",
                "{{ l|attr('getClass')() }}",
                "{{ java.lang.System.exit(1) }}",
                "{{ loop.elements.x }}",
                "{% include 'x' %}",
                "{% import 'x' as y %}",
                "{% extends 'x' %}",
                "{% do 1 %}"
            })
    void template_reachesForMoreThanValues_fails(String template) {
        Map<String, Object> variables = Map.of("s", "text", "l", List.of(1), "d", Map.of("a", 1));

        assertThatExceptionOfType(TemplateFailure.class).isThrownBy(() -> render(template, variables));
    }

    @Test
    void render_leavesTheVariablesOfTheCaller() {
        List<Object> list = new ArrayList<>(List.of("a"));
        Map<String, Object> variables = new HashMap<>(Map.of("l", list));

        assertThat(render("{% set l = l + ['b'] %}{{ l }}", variables)).isEqualTo("['a', 'b']");
        assertThat(variables).containsExactly(Map.entry("l", List.of("a")));
    }

    @Test
    void variables_ofOtherKinds_areRefused() {
        List<Object> endless = new ArrayList<>();
        endless.add(endless);
        for (Object value : List.of(new Object(), new int[1], Map.of(1, 2), endless, 'c', Kind.LIMIT)) {
            assertThatExceptionOfType(IllegalArgumentException.class)
                    .isThrownBy(() -> render("x", Map.of("v", List.of(value))))
                    .withMessageContaining("expected texts");
        }
    }

    @Test
    void failure_hasTheLineOfTheInnermostStatement() {
        assertThat(failure("a\n{% if 1 %}\nb\n{{ 1 / 0 }}\n{% endif %}").line()).isEqualTo(4);
        assertThat(failure("a\n{% if 1 %}\nb\n{{ c").line()).isEqualTo(4);
        assertThat(failure("a\n{#\n\nb").line()).isEqualTo(2);
        assertThat(failure("{{ x }}\n{% foo %}").line()).isEqualTo(2);
        assertThat(failure("{{ 1 }}\n{{ 1|from_json }}").line()).isEqualTo(2);
        assertThat(failure("{% if 1 %}\n{{ 1|from_json }}{% endif %}").line()).isEqualTo(2);
    }
}
