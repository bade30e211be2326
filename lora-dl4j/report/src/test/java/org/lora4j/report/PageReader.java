/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/**
 * A page as another reader sees it: what is between head and script is well-formed XML, which the parser of the JDK takes apart. So a text
 * that broke out of its place would be seen as an element.
 */
final class PageReader {

    private static final Pattern PAGE = Pattern.compile(
            "<!DOCTYPE html>\\n<html lang=\"en\"><head>(.*?)<style>(.*?)</style>(<title>.*?</title>)</head>\\n<body>(.*)\\n<script>(.*?)</script>"
                    + "</body></html>\\n",
            Pattern.DOTALL);

    private final Matcher page;
    private final Document body;

    private PageReader(Matcher page, Document body) {
        this.page = page;
        this.body = body;
    }

    static PageReader of(String html) throws Exception {
        Matcher page = PAGE.matcher(html);
        assertThat(page.matches())
                .as("a page of one style, one body and one script")
                .isTrue();
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        // Since Java 24 a text of more than 100,000 letters is refused, which a page may have.
        factory.setAttribute("jdk.xml.maxGeneralEntitySizeLimit", "0");
        factory.setAttribute("jdk.xml.totalEntitySizeLimit", "0");
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        Document body = factory.newDocumentBuilder()
                .parse(new InputSource(new StringReader("<body>" + page.group(3) + page.group(4) + "</body>")));
        return new PageReader(page, body);
    }

    String head() {
        return page.group(1);
    }

    List<Element> elements(String tag) {
        NodeList found = body.getElementsByTagName(tag);
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < found.getLength(); i++) {
            elements.add((Element) found.item(i));
        }
        return elements;
    }

    List<String> texts(String tag) {
        return elements(tag).stream().map(Node::getTextContent).toList();
    }

    String text() {
        return body.getDocumentElement().getTextContent();
    }

    /** Nothing runs but the page's own script, nothing is loaded, and nothing is styled from within. */
    void requireHarmless() throws Exception {
        assertThat(head())
                .contains("default-src 'none'")
                .contains("style-src '" + hash(page.group(2)) + "'")
                .contains("script-src '" + hash(page.group(5)) + "'")
                .doesNotContain("unsafe");
        for (Element element : elements("*")) {
            assertThat(element.getTagName())
                    .isNotIn(
                            "script",
                            "style",
                            "iframe",
                            "object",
                            "embed",
                            "img",
                            "link",
                            "meta",
                            "base",
                            "form",
                            "foreignObject",
                            "use");
            for (int i = 0; i < element.getAttributes().getLength(); i++) {
                Node attribute = element.getAttributes().item(i);
                assertThat(attribute.getNodeName())
                        .doesNotStartWith("on")
                        .isNotIn("style", "src", "srcset", "action", "xlink:href");
                if (attribute.getNodeName().equals("href")) {
                    assertThat(attribute.getNodeValue()).matches("#[a-z]+");
                }
            }
        }
    }

    private static String hash(String content) throws Exception {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(content.getBytes(StandardCharsets.UTF_8));
        return "sha256-" + Base64.getEncoder().encodeToString(digest);
    }
}
