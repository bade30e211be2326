/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.lora4j.internal.language.chat.ExpressionParser.Call;
import org.lora4j.internal.language.chat.ExpressionParser.Step;
import org.lora4j.internal.language.chat.Statement.Next;
import org.lora4j.internal.language.chat.Token.Kind;

/** Reads statements and text by Jinja2's grammar. */
final class StatementParser {

    /** Where a value goes. */
    @FunctionalInterface
    private interface Target {
        void assign(Object value, Scope scope);
    }

    /** The statements by the word that begins them; each is read from behind the word. */
    private final Map<String, Supplier<Statement>> statements = Map.ofEntries(
            Map.entry("if", this::ifStatement),
            Map.entry("for", this::forStatement),
            Map.entry("set", this::setStatement),
            Map.entry("macro", this::macroStatement),
            Map.entry("call", this::callStatement),
            Map.entry("filter", this::filterStatement),
            Map.entry("with", this::withStatement),
            Map.entry("generation", this::generationStatement),
            Map.entry("break", () -> leaveLoop(Next.END_OF_LOOP)),
            Map.entry("continue", () -> leaveLoop(Next.ITERATION)));

    /** Names that have a value in a macro that reads them. */
    private static final Set<String> SPECIAL = Set.of("caller", "varargs", "kwargs");

    private static final Set<String> OTHER_FILES = Set.of("include", "import", "from", "extends", "block");

    private final TokenStream tokens;
    private final ExpressionParser expressions;
    private int loops;

    private StatementParser(TokenStream tokens) {
        this.tokens = tokens;
        this.expressions = new ExpressionParser(tokens);
    }

    static Statement parse(String template) {
        StatementParser parser = new StatementParser(new TokenStream(Lexer.tokens(template)));
        Statement body = parser.body();
        parser.expressions.requireKnown(0);
        return body;
    }

    /** Text, output and statements up to one of the words, which stays to be read; without words, up to the end. */
    private Statement body(String... ends) {
        tokens.enter();
        List<Statement> all = new ArrayList<>();
        while (!tokens.is(Kind.END) || ends.length > 0) {
            if (tokens.is(Kind.TEXT)) {
                String text = tokens.next().text();
                all.add(scope -> {
                    scope.write(text);
                    return Next.STATEMENT;
                });
            } else if (tokens.is(Kind.OUTPUT_BEGIN)) {
                all.add(output());
            } else if (tokens.is(Kind.STATEMENT_BEGIN)) {
                if (Arrays.asList(ends).contains(tokens.ahead().text())) {
                    tokens.next();
                    break;
                }
                all.add(statement());
            } else {
                throw tokens.unexpected("{% " + String.join(" %} or {% ", ends) + " %}");
            }
        }
        tokens.leave();
        return scope -> {
            scope.budget().enter();
            Next next = Next.STATEMENT;
            for (int i = 0; i < all.size() && next == Next.STATEMENT; i++) {
                scope.spend(Budget.STEP);
                next = all.get(i).run(scope);
            }
            scope.budget().leave();
            return next;
        };
    }

    private static Statement located(int line, Statement statement) {
        return scope -> {
            try {
                return statement.run(scope);
            } catch (TemplateFailure e) {
                throw e.at(line);
            }
        };
    }

    private Statement output() {
        int line = tokens.next().line();
        if (tokens.is(Kind.OUTPUT_END)) {
            throw tokens.unexpected("an expression");
        }
        Expression value = expressions.expressions(true);
        tokens.expect(Kind.OUTPUT_END, "}}");
        return located(line, scope -> {
            scope.write(Values.text(value.evaluate(scope), scope.budget()));
            return Next.STATEMENT;
        });
    }

    private Statement statement() {
        int line = tokens.next().line();
        String word = tokens.expectName();
        Supplier<Statement> reader = statements.get(word);
        if (reader == null) {
            throw TemplateFailure.syntax(
                    line,
                    OTHER_FILES.contains(word)
                            ? "the statement '" + word + "' reaches for other templates, which a chat template may not"
                            : "unknown statement '" + word + "'");
        }
        return located(line, reader.get());
    }

    private void end() {
        tokens.expect(Kind.STATEMENT_END, "%}");
    }

    /** The body of a statement and the words that end it. */
    private Statement block(String end) {
        end();
        int mark = expressions.mark();
        Statement body = body(end);
        expressions.requireKnown(mark);
        tokens.next();
        end();
        return body;
    }

    private Statement ifStatement() {
        List<Expression> conditions = new ArrayList<>();
        List<Statement> bodies = new ArrayList<>();
        String word = "if";
        int mark = expressions.mark();
        while (!word.equals("endif")) {
            conditions.add(word.equals("else") ? scope -> true : expressions.expressions(false));
            end();
            bodies.add(word.equals("else") ? body("endif") : body("elif", "else", "endif"));
            word = tokens.next().text();
        }
        end();
        expressions.allowUnknown(mark);
        return scope -> {
            for (int i = 0; i < bodies.size(); i++) {
                scope.spend(Budget.STEP);
                if (Values.isTrue(conditions.get(i).evaluate(scope))) {
                    return bodies.get(i).run(scope);
                }
            }
            return Next.STATEMENT;
        };
    }

    private Statement forStatement() {
        Target target = targets();
        if (!tokens.skipName("in")) {
            throw tokens.unexpected("in");
        }
        Expression source = expressions.expressions(false);
        int mark = expressions.mark();
        Expression condition = tokens.skipName("if") ? expressions.expression(true) : null;
        if (tokens.isName("recursive")) {
            throw TemplateFailure.syntax(tokens.line(), "recursive loops are not known here; a macro may call itself");
        }
        end();
        loops++;
        Statement body = body("else", "endfor");
        loops--;
        expressions.requireKnown(mark);
        Statement otherwise = null;
        if (tokens.next().text().equals("else")) {
            otherwise = block("endfor");
        } else {
            end();
        }
        Statement empty = otherwise;
        return scope -> loop(target, elements(source, condition, target, scope), body, empty, scope);
    }

    private static List<Object> elements(Expression source, Expression condition, Target target, Scope scope) {
        List<Object> all = Values.elements(source.evaluate(scope), scope);
        if (condition == null) {
            return all;
        }
        List<Object> some = new ArrayList<>();
        for (Object element : all) {
            scope.spend(Budget.STEP);
            Scope tested = scope.inner();
            target.assign(element, tested);
            if (Values.isTrue(condition.evaluate(tested))) {
                some.add(element);
            }
        }
        return some;
    }

    private static Next loop(Target target, List<Object> elements, Statement body, Statement empty, Scope scope) {
        if (elements.isEmpty()) {
            return empty == null ? Next.STATEMENT : empty.run(scope.inner());
        }
        Loop loop = new Loop(elements);
        for (Object element : elements) {
            scope.spend(4 * Budget.STEP);
            Scope iteration = scope.inner();
            iteration.set("loop", loop);
            target.assign(element, iteration);
            if (body.run(iteration) == Next.END_OF_LOOP) {
                break;
            }
            loop.index++;
        }
        return Next.STATEMENT;
    }

    private Statement leaveLoop(Next next) {
        end();
        if (loops == 0) {
            throw TemplateFailure.syntax(tokens.line(), "break and continue stand in loops only");
        }
        return scope -> next;
    }

    /** One name or several, which take a value apart. */
    private Target targets() {
        List<Target> all = new ArrayList<>();
        boolean several = false;
        do {
            if (tokens.skipOperator("(")) {
                tokens.enter();
                all.add(targets());
                tokens.leave();
                tokens.expectOperator(")");
            } else {
                String name = tokens.expectName();
                all.add((value, scope) -> scope.set(name, value));
            }
            several |= tokens.isOperator(",");
        } while (tokens.skipOperator(",") && (tokens.is(Kind.NAME) && !tokens.isName("in") || tokens.isOperator("(")));
        return several ? (value, scope) -> takeApart(all, value, scope) : all.get(0);
    }

    private static void takeApart(List<Target> targets, Object value, Scope scope) {
        List<Object> elements = Values.elements(value, scope);
        scope.spend((long) targets.size() * Budget.ELEMENT);
        if (elements.size() != targets.size()) {
            throw TemplateFailure.value(
                    "a value of " + elements.size() + " parts is assigned to " + targets.size() + " names");
        }
        for (int i = 0; i < targets.size(); i++) {
            targets.get(i).assign(elements.get(i), scope);
        }
    }

    private Statement setStatement() {
        Target target;
        if (tokens.ahead().is(Kind.OPERATOR, ".")) {
            target = namespaceTarget();
        } else {
            target = targets();
        }
        if (tokens.skipOperator("=")) {
            Expression value = expressions.expressions(true);
            end();
            return scope -> {
                target.assign(value.evaluate(scope), scope);
                return Next.STATEMENT;
            };
        }
        int mark = expressions.mark();
        List<Step> filters = filters();
        expressions.requireKnown(mark);
        Statement body = block("endset");
        return scope -> {
            target.assign(filtered(body, filters, scope), scope);
            return Next.STATEMENT;
        };
    }

    private Target namespaceTarget() {
        String name = tokens.expectName();
        tokens.next();
        String field = tokens.expectName();
        return (value, scope) -> {
            if (!(scope.get(name) instanceof Namespace namespace)) {
                throw TemplateFailure.value("cannot assign attribute on non-namespace object '" + name + "'");
            }
            scope.spend(Budget.ELEMENT);
            namespace.variables.put(field, value);
        };
    }

    private List<Step> filters() {
        List<Step> filters = new ArrayList<>();
        while (tokens.skipOperator("|")) {
            filters.add(expressions.filter());
        }
        return filters;
    }

    private static Object filtered(Statement body, List<Step> filters, Scope scope) {
        String text = scope.captured(at -> body.run(at.inner()));
        return ExpressionParser.chain(at -> text, filters).evaluate(scope);
    }

    private Statement filterStatement() {
        int mark = expressions.mark();
        List<Step> filters = new ArrayList<>(List.of(expressions.filter()));
        filters.addAll(filters());
        expressions.requireKnown(mark);
        Statement body = block("endfilter");
        return scope -> {
            scope.write(Values.text(filtered(body, filters, scope), scope.budget()));
            return Next.STATEMENT;
        };
    }

    private Statement withStatement() {
        List<Target> targets = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (!tokens.is(Kind.STATEMENT_END)) {
            String name = tokens.expectName();
            targets.add((value, scope) -> scope.set(name, value));
            tokens.expectOperator("=");
            values.add(expressions.expression(true));
            if (!tokens.is(Kind.STATEMENT_END)) {
                tokens.expectOperator(",");
            }
        }
        Statement body = block("endwith");
        return scope -> {
            Scope inner = scope.inner();
            for (int i = 0; i < targets.size(); i++) {
                targets.get(i).assign(values.get(i).evaluate(scope), inner);
            }
            return body.run(inner);
        };
    }

    /** Marks what the model says, for training; the text is the same. */
    private Statement generationStatement() {
        Statement body = block("endgeneration");
        return scope -> scope.generation(() -> body.run(scope.inner()));
    }

    private Statement macroStatement() {
        String name = tokens.expectName();
        MacroParser macro = new MacroParser(name);
        tokens.expectOperator("(");
        macro.parameters();
        macro.body("endmacro");
        return scope -> {
            scope.set(name, macro.bound(scope));
            return Next.STATEMENT;
        };
    }

    private Statement callStatement() {
        MacroParser caller = new MacroParser("caller");
        if (tokens.skipOperator("(")) {
            caller.parameters();
        }
        Expression first = expressions.primary();
        List<Step> steps = expressions.postfixes();
        int last = steps.size() - 1;
        if (last < 0 || !(steps.get(last) instanceof Call call)) {
            throw tokens.unexpected("a call of a macro");
        }
        caller.body("endcall");
        Expression called = ExpressionParser.chain(first, steps.subList(0, last));
        return scope -> {
            CallArguments given = call.arguments().evaluate(scope);
            Map<String, Object> named = new LinkedHashMap<>(given.named());
            named.put("caller", caller.bound(scope));
            Object value = Call.call(called.evaluate(scope), new CallArguments(given.positional(), named), scope);
            scope.write(Values.text(value, scope.budget()));
            return Next.STATEMENT;
        };
    }

    /** A macro while it is read, and what it does. */
    private final class MacroParser {

        private final String name;
        private final Map<String, Expression> parameters = new LinkedHashMap<>();
        private Statement body;
        private Set<String> read = Set.of();

        MacroParser(String name) {
            this.name = name;
        }

        /** Behind the opening parenthesis. */
        void parameters() {
            int mark = expressions.mark();
            while (!tokens.skipOperator(")")) {
                String parameter = tokens.expectName();
                Expression missing = scope -> new Undefined("parameter '" + parameter + "' was not provided");
                parameters.put(parameter, tokens.skipOperator("=") ? expressions.expression(true) : missing);
                if (!tokens.isOperator(")")) {
                    tokens.expectOperator(",");
                }
            }
            expressions.requireKnown(mark);
        }

        void body(String end) {
            int outerLoops = loops;
            loops = 0;
            int before = expressions.names.size();
            body = block(end);
            read = expressions.names.subList(before, expressions.names.size()).stream()
                    .filter(SPECIAL::contains)
                    .collect(Collectors.toSet());
            loops = outerLoops;
        }

        Callable bound(Scope definition) {
            return (scope, given) -> {
                Scope inner = definition.inner();
                scope.spend(8 * Budget.STEP);
                assign(given, inner);
                return scope.captured(at -> body.run(inner));
            };
        }

        private void assign(CallArguments given, Scope inner) {
            inner.spend((long) parameters.size() * Budget.STEP);
            Map<String, Object> named = new LinkedHashMap<>(given.named());
            int position = 0;
            for (Map.Entry<String, Expression> parameter : parameters.entrySet()) {
                boolean placed = position < given.positional().size();
                boolean byName = named.containsKey(parameter.getKey());
                if (placed && byName) {
                    throw TemplateFailure.value(
                            "macro '" + name + "' got its argument '" + parameter.getKey() + "' twice");
                }
                Object value = placed
                        ? given.positional().get(position)
                        : byName
                                ? named.remove(parameter.getKey())
                                : parameter.getValue().evaluate(inner);
                inner.set(parameter.getKey(), value);
                position++;
            }
            if (read.contains("caller") && !parameters.containsKey("caller")) {
                Object caller =
                        named.containsKey("caller") ? named.remove("caller") : new Undefined("No caller defined");
                inner.set("caller", caller);
            }
            List<Object> more = given.from(position).positional();
            if (read.contains("varargs")) {
                inner.set("varargs", new Tuple(new ArrayList<>(more)));
            } else if (!more.isEmpty()) {
                throw TemplateFailure.value("macro '" + name + "' takes not more than " + position + " argument(s)");
            }
            if (read.contains("kwargs")) {
                inner.set("kwargs", new LinkedHashMap<Object, Object>(named));
            } else if (!named.isEmpty()) {
                throw TemplateFailure.value("macro '" + name + "' takes no keyword argument '"
                        + named.keySet().iterator().next() + "'");
            }
        }
    }
}
