/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.lora4j.internal.language.chat.Token.Kind;

/**
 * Reads expressions by Jinja2's grammar. Operators in a row become a list that is run from left to right, so that only
 * brackets make calls within calls.
 */
final class ExpressionParser {

    /** Something done to the value before it: {@code .name}, {@code [key]}, a call, a filter, a test. */
    @FunctionalInterface
    interface Step {
        Object apply(Object value, Scope scope);
    }

    private record Operation(Operators.Binary operator, Expression right) {}

    /** The operators with two sides, those that bind least first. */
    private static final List<Map<String, Operators.Binary>> LEVELS = List.of(
            pick("+", "-"),
            Map.of("~", (a, b, scope) -> {
                String text = Values.text(a, scope.budget());
                String other = Values.text(b, scope.budget());
                scope.spend((long) text.length() + other.length());
                return text + other;
            }),
            pick("*", "/", "//", "%"),
            pick("**"));

    private static final Map<String, Object> CONSTANTS = constants();

    /** What may begin the argument of a test that is given without parentheses. */
    private static final Set<Kind> ARGUMENT = Set.of(Kind.NAME, Kind.STRING, Kind.INTEGER, Kind.FLOAT);

    private static final Expression NOTHING = scope -> null;

    private final TokenStream tokens;

    /** All names that were read so far; a macro looks what its body reads. */
    final List<String> names = new ArrayList<>();

    /** The filters and tests read so far that nobody knows. */
    private final List<TemplateFailure> unknown = new ArrayList<>();

    ExpressionParser(TokenStream tokens) {
        this.tokens = tokens;
    }

    /** A place to come back to with {@link #requireKnown} or {@link #allowUnknown}. */
    int mark() {
        return unknown.size();
    }

    /** Refuses filters and tests that nobody knows, as Jinja2 does before it renders. */
    void requireKnown(int mark) {
        if (unknown.size() > mark) {
            throw unknown.get(mark);
        }
    }

    /** What stands under a condition may be unknown: it fails where it is come to. Templates ask so for their own filters. */
    void allowUnknown(int mark) {
        unknown.subList(mark, unknown.size()).clear();
    }

    private Step unknown(String kind, String name, int line) {
        String reason = "no " + kind + " named '" + name + "'";
        unknown.add(TemplateFailure.syntax(line, reason));
        return (value, scope) -> {
            throw TemplateFailure.value(reason);
        };
    }

    private static Map<String, Operators.Binary> pick(String... signs) {
        Map<String, Operators.Binary> picked = new LinkedHashMap<>();
        for (String sign : signs) {
            picked.put(sign, Operators.ARITHMETIC.get(sign));
        }
        return picked;
    }

    private static Map<String, Object> constants() {
        Map<String, Object> constants = new LinkedHashMap<>();
        for (String[] spelling : new String[][] {{"true", "True"}, {"false", "False"}, {"none", "None"}}) {
            Object value = spelling[0].equals("none") ? null : Boolean.valueOf(spelling[0]);
            constants.put(spelling[0], value);
            constants.put(spelling[1], value);
        }
        return constants;
    }

    /** An expression, with {@code if} and {@code else} where they are no part of what is around it. */
    Expression expression(boolean conditional) {
        tokens.enter();
        Expression inner = conditional ? conditional() : disjunction();
        tokens.leave();
        return scope -> {
            scope.budget().enter();
            scope.spend(Budget.STEP);
            Object value = inner.evaluate(scope);
            scope.budget().leave();
            return value;
        };
    }

    /** One expression, or several separated by commas, which are a tuple. */
    Expression expressions(boolean conditional) {
        Expression first = expression(conditional);
        if (!tokens.isOperator(",")) {
            return first;
        }
        List<Expression> all = new ArrayList<>(List.of(first));
        while (tokens.skipOperator(",") && !endsTuple()) {
            all.add(expression(conditional));
        }
        return scope -> new Tuple(values(all, scope));
    }

    private boolean endsTuple() {
        return tokens.is(Kind.STATEMENT_END) || tokens.is(Kind.OUTPUT_END) || tokens.isOperator(")");
    }

    private static List<Object> values(List<Expression> expressions, Scope scope) {
        scope.spend((long) expressions.size() * Budget.ELEMENT);
        List<Object> values = new ArrayList<>(expressions.size());
        for (Expression expression : expressions) {
            values.add(Markup.plain(expression.evaluate(scope)));
        }
        return values;
    }

    private Expression conditional() {
        int mark = mark();
        Expression value = disjunction();
        if (!tokens.skipName("if")) {
            return value;
        }
        Expression condition = disjunction();
        Expression otherwise = tokens.skipName("else")
                ? expression(true)
                : scope ->
                        new Undefined("the inline if-expression evaluated to false and no else section was defined.");
        allowUnknown(mark);
        return scope -> (Values.isTrue(condition.evaluate(scope)) ? value : otherwise).evaluate(scope);
    }

    private Expression disjunction() {
        return logical("or", true, () -> logical("and", false, this::negation));
    }

    /** The first value that decides, or the last one. */
    private Expression logical(String word, boolean decides, Supplier<Expression> operand) {
        Expression first = operand.get();
        if (!tokens.isName(word)) {
            return first;
        }
        List<Expression> all = new ArrayList<>(List.of(first));
        while (tokens.skipName(word)) {
            all.add(operand.get());
        }
        return scope -> {
            Object value = null;
            for (Expression expression : all) {
                scope.spend(Budget.STEP);
                value = expression.evaluate(scope);
                if (Values.isTrue(value) == decides) {
                    break;
                }
            }
            return value;
        };
    }

    private Expression negation() {
        boolean negated = false;
        boolean any = false;
        while (tokens.skipName("not")) {
            negated = !negated;
            any = true;
        }
        Expression value = comparison();
        boolean truth = !negated;
        return any ? scope -> Values.isTrue(value.evaluate(scope)) == truth : value;
    }

    private Expression comparison() {
        Expression first = binary(0);
        List<Operation> operations = new ArrayList<>();
        for (Operators.Binary sign = comparisonSign(); sign != null; sign = comparisonSign()) {
            operations.add(new Operation(sign, binary(0)));
        }
        if (operations.isEmpty()) {
            return first;
        }
        return scope -> {
            Object left = Markup.plain(first.evaluate(scope));
            for (Operation operation : operations) {
                scope.spend(Budget.STEP);
                Object right = Markup.plain(operation.right().evaluate(scope));
                if (!(Boolean) operation.operator().apply(left, right, scope)) {
                    return false;
                }
                left = right;
            }
            return true;
        };
    }

    private Operators.Binary comparisonSign() {
        boolean not = tokens.isName("not") && tokens.ahead().is(Kind.NAME, "in");
        boolean sign = tokens.is(Kind.OPERATOR)
                && Operators.COMPARISON.containsKey(tokens.current().text());
        if (!not && !sign && !tokens.isName("in")) {
            return null;
        }
        String first = tokens.next().text();
        if (not) {
            tokens.next();
        }
        return Operators.COMPARISON.get(not ? "not in" : first);
    }

    private Expression binary(int level) {
        if (level == LEVELS.size()) {
            return unary();
        }
        Expression first = binary(level + 1);
        Map<String, Operators.Binary> signs = LEVELS.get(level);
        List<Operation> operations = new ArrayList<>();
        while (tokens.is(Kind.OPERATOR) && signs.containsKey(tokens.current().text())) {
            operations.add(new Operation(signs.get(tokens.next().text()), binary(level + 1)));
        }
        if (operations.isEmpty()) {
            return first;
        }
        return scope -> {
            Object value = first.evaluate(scope);
            for (Operation operation : operations) {
                scope.spend(Budget.STEP);
                value = operation.operator().apply(value, operation.right().evaluate(scope), scope);
            }
            return value;
        };
    }

    /** Signs bind more than filters: {@code -x|abs} is positive. */
    private Expression unary() {
        int signs = 0;
        boolean negative = false;
        while (tokens.isOperator("-") || tokens.isOperator("+")) {
            negative ^= tokens.next().text().equals("-");
            signs++;
        }
        Expression value = chain(primary(), postfixes());
        if (signs > 0) {
            boolean negated = negative;
            Expression unsigned = value;
            value = scope -> {
                Object number = unsigned.evaluate(scope);
                return negated
                        ? Operators.negated(number, scope)
                        : Operators.ARITHMETIC.get("+").apply(0L, number, scope);
            };
        }
        return chain(value, filters());
    }

    static Expression chain(Expression first, List<Step> steps) {
        if (steps.isEmpty()) {
            return first;
        }
        return scope -> {
            Object value = first.evaluate(scope);
            for (Step step : steps) {
                scope.spend(Budget.STEP);
                value = step.apply(Markup.plain(value), scope);
            }
            return value;
        };
    }

    Expression primary() {
        Token token = tokens.current();
        switch (token.kind()) {
            case NAME -> {
                tokens.next();
                if (CONSTANTS.containsKey(token.text())) {
                    Object constant = CONSTANTS.get(token.text());
                    return scope -> constant;
                }
                names.add(token.text());
                return scope -> scope.get(token.text());
            }
            case STRING -> {
                StringBuilder text = new StringBuilder();
                while (tokens.is(Kind.STRING)) {
                    text.append(tokens.next().text());
                }
                String whole = text.toString();
                return scope -> whole;
            }
            case INTEGER -> {
                Object value = Import.integer(new BigInteger(number(token)));
                return scope -> value;
            }
            case FLOAT -> {
                Double real = Double.valueOf(number(token));
                return scope -> real;
            }
            default -> {
                return bracketed();
            }
        }
    }

    private String number(Token token) {
        tokens.next();
        if (token.text().length() > 400) {
            throw TemplateFailure.syntax(token.line(), "a number has more than 400 digits");
        }
        return token.text();
    }

    private Expression bracketed() {
        if (tokens.skipOperator("(")) {
            if (tokens.skipOperator(")")) {
                return scope -> new Tuple(List.of());
            }
            Expression inner = expressions(true);
            tokens.expectOperator(")");
            return inner;
        }
        if (tokens.skipOperator("[")) {
            List<Expression> elements = new ArrayList<>();
            while (!tokens.isOperator("]")) {
                elements.add(expression(true));
                endOfElement("]");
            }
            tokens.next();
            return scope -> values(elements, scope);
        }
        if (tokens.skipOperator("{")) {
            return dictionary();
        }
        throw tokens.unexpected("a value");
    }

    private void endOfElement(String end) {
        if (!tokens.isOperator(end)) {
            tokens.expectOperator(",");
        }
    }

    private Expression dictionary() {
        List<Expression> keys = new ArrayList<>();
        List<Expression> fields = new ArrayList<>();
        while (!tokens.isOperator("}")) {
            keys.add(expression(true));
            tokens.expectOperator(":");
            fields.add(expression(true));
            endOfElement("}");
        }
        tokens.next();
        return scope -> {
            Dictionary dictionary = new Dictionary(scope);
            List<Object> names = values(keys, scope);
            List<Object> values = values(fields, scope);
            for (int i = 0; i < names.size(); i++) {
                dictionary.put(names.get(i), values.get(i));
            }
            return dictionary.map();
        };
    }

    /** What stands directly behind a value: members, parts and calls. */
    List<Step> postfixes() {
        List<Step> steps = new ArrayList<>();
        while (true) {
            if (tokens.skipOperator(".")) {
                Token name = tokens.next();
                if (name.kind() == Kind.INTEGER) {
                    Long index = Long.valueOf(name.text().length() > 18 ? "0" : name.text());
                    steps.add((value, scope) -> Members.item(value, index, scope));
                } else if (name.kind() == Kind.NAME) {
                    steps.add((value, scope) -> Members.attribute(value, name.text(), scope));
                } else {
                    throw TemplateFailure.syntax(
                            name.line(), "found " + name.shown() + "; expected a name behind a point");
                }
            } else if (tokens.skipOperator("[")) {
                steps.add(part());
            } else if (tokens.isOperator("(")) {
                steps.add(new Call(arguments()));
            } else {
                return steps;
            }
        }
    }

    private Step part() {
        Expression from = tokens.isOperator(":") ? NOTHING : expression(true);
        if (tokens.skipOperator("]")) {
            return (value, scope) -> Members.item(value, Markup.plain(from.evaluate(scope)), scope);
        }
        tokens.expectOperator(":");
        Expression to = tokens.isOperator("]") || tokens.isOperator(":") ? NOTHING : expression(true);
        Expression step = tokens.skipOperator(":") && !tokens.isOperator("]") ? expression(true) : NOTHING;
        tokens.expectOperator("]");
        return (value, scope) ->
                Members.slice(value, from.evaluate(scope), to.evaluate(scope), step.evaluate(scope), scope);
    }

    private List<Step> filters() {
        List<Step> steps = new ArrayList<>();
        while (true) {
            if (tokens.isOperator("|")) {
                tokens.next();
                steps.add(filter());
            } else if (tokens.skipName("is")) {
                steps.add(test());
            } else if (tokens.isOperator("(")) {
                steps.add(new Call(arguments()));
            } else {
                return steps;
            }
        }
    }

    /** A filter from its name on. */
    Step filter() {
        int line = tokens.line();
        String name = dottedName();
        Filters.Filter filter = Filters.ALL.get(name);
        ArgumentList arguments = tokens.isOperator("(") ? arguments() : ArgumentList.NONE;
        return filter == null
                ? unknown("filter", name, line)
                : (value, scope) -> filter.apply(value, arguments.evaluate(scope), scope);
    }

    private String dottedName() {
        StringBuilder name = new StringBuilder(tokens.expectName());
        while (tokens.skipOperator(".")) {
            name.append('.').append(tokens.expectName());
        }
        return name.toString();
    }

    private Step test() {
        boolean holds = !tokens.skipName("not");
        int line = tokens.line();
        String name = dottedName();
        Tests.Test test = Tests.ALL.get(name);
        ArgumentList arguments = ArgumentList.NONE;
        if (tokens.isOperator("(")) {
            arguments = arguments();
        } else if (beginsArgument()) {
            Expression argument = chain(primary(), postfixes());
            arguments = new ArgumentList(List.of(argument), Map.of(), null, null);
        }
        ArgumentList given = arguments;
        return test == null
                ? unknown("test", name, line)
                : (value, scope) -> test.holds(value, given.evaluate(scope), scope) == holds;
    }

    private boolean beginsArgument() {
        if (tokens.isName("is")) {
            throw tokens.unexpected("one test only");
        }
        boolean word = tokens.isName("else") || tokens.isName("or") || tokens.isName("and");
        return ARGUMENT.contains(tokens.current().kind()) && !word || tokens.isOperator("[") || tokens.isOperator("{");
    }

    ArgumentList arguments() {
        tokens.expectOperator("(");
        List<Expression> positional = new ArrayList<>();
        Map<String, Expression> named = new LinkedHashMap<>();
        Expression list = null;
        Expression map = null;
        while (!tokens.isOperator(")")) {
            if (tokens.skipOperator("**")) {
                map = expression(true);
            } else if (tokens.skipOperator("*")) {
                list = expression(true);
            } else if (tokens.is(Kind.NAME) && tokens.ahead().is(Kind.OPERATOR, "=")) {
                String name = tokens.next().text();
                tokens.next();
                named.put(name, expression(true));
            } else if (named.isEmpty() && map == null) {
                positional.add(expression(true));
            } else {
                throw tokens.unexpected("a named argument, as those before it are");
            }
            endOfElement(")");
        }
        tokens.next();
        return new ArgumentList(positional, named, list, map);
    }

    /** Arguments as they are spelled; list and map, spelled with stars, are null where there are none. */
    record ArgumentList(List<Expression> positional, Map<String, Expression> named, Expression list, Expression map) {

        static final ArgumentList NONE = new ArgumentList(List.of(), Map.of(), null, null);

        CallArguments evaluate(Scope scope) {
            if (this == NONE) {
                return CallArguments.NONE;
            }
            List<Object> values = values(positional, scope);
            if (list != null) {
                List<Object> more = Values.elements(list.evaluate(scope), scope);
                scope.spend((long) more.size() * Budget.ELEMENT);
                values.addAll(more);
            }
            Map<String, Object> fields = new LinkedHashMap<>();
            named.forEach((name, expression) -> fields.put(name, Markup.plain(expression.evaluate(scope))));
            if (map != null) {
                Object more = map.evaluate(scope);
                if (!(more instanceof Map<?, ?> given)) {
                    throw Values.notA("a dictionary", more);
                }
                scope.spend((long) given.size() * Budget.ELEMENT);
                given.forEach((name, value) -> {
                    scope.spend(Values.requireText(name).length() / Budget.READ);
                    fields.put((String) name, value);
                });
            }
            return new CallArguments(values, fields);
        }
    }

    /** A call of the value before it. */
    record Call(ArgumentList arguments) implements Step {

        @Override
        public Object apply(Object value, Scope scope) {
            return call(value, arguments.evaluate(scope), scope);
        }

        static Object call(Object value, CallArguments arguments, Scope scope) {
            if (!(value instanceof Callable callable)) {
                throw value instanceof Undefined undefined
                        ? undefined.failure()
                        : TemplateFailure.value("'" + Values.type(value) + "' object is not callable");
            }
            scope.budget().enter();
            Object result = callable.call(scope, arguments);
            scope.budget().leave();
            return result;
        }
    }
}
