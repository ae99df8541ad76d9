/** HTTP/1.1 as it is on the wire, for the two modules here that have sockets of their own. Not for anybody else. */
@org.jspecify.annotations.NullMarked
package io.github.promferry.http.wire;
