//! What the program serves beside the API: pages, or a word in a build without them.

use crate::home::{Home, Server};

fn see(server: &Server, method: &str, path: &str, form: &str) -> (u16, String) {
    server.send_with(method, path, "Host: a\r\n", form).unwrap()
}

fn key(server: &Server) -> String {
    server.share("kept")["secret_key"].as_str().unwrap().to_owned()
}

#[cfg(feature = "pages")]
#[test]
fn it_shows_the_pages_and_a_look_at_a_link_opens_nothing() {
    let home = Home::new();
    let server = home.serve(&[]);
    let (status, create) = see(&server, "GET", "/", "");
    assert!(status == 200 && create.contains("<form") && create.contains("<h1"), "{create}");
    let path = format!("/secret/{}", key(&server));
    for (method, expected) in [("GET", 200), ("HEAD", 200), ("POST", 422), ("DELETE", 405), ("OPTIONS", 405)]
    {
        let (status, body) = see(&server, method, &path, "");
        assert_eq!((status, body.contains("kept")), (expected, false), "{method}");
    }
    let (_, front) = see(&server, "GET", &path, "");
    let (_, token) = front.split_once("name=\"token\" value=\"").unwrap();
    let form = format!("token={}", token.split_once('"').unwrap().0);
    let (status, shown) = see(&server, "POST", &path, &form);
    assert!(status == 200 && shown.contains("kept</textarea>"), "{shown}");
    assert_eq!(see(&server, "POST", &path, &form).0, 404);
    assert_eq!(see(&server, "GET", "/robots.txt", "").1, "User-agent: *\nDisallow: /\n");
}

#[cfg(feature = "pages")]
#[test]
fn a_page_that_was_open_during_a_restart_still_opens_its_secret() {
    let home = Home::new();
    let server = home.serve(&[]);
    let path = format!("/secret/{}", key(&server));
    let (_, front) = see(&server, "GET", &path, "");
    let (_, token) = front.split_once("name=\"token\" value=\"").unwrap();
    let form = format!("token={}", token.split_once('"').unwrap().0);
    assert_eq!(server.signal("-TERM"), Some(0));
    let again = home.serve(&[]);
    assert!(see(&again, "POST", &path, &form).1.contains("kept</textarea>"));
}

#[cfg(feature = "pages")]
#[test]
fn the_configuration_reaches_the_pages() {
    let home = Home::new();
    let settings = "[site]\nname = \"Tom & Ann's\"\n[pages]\ntyped_check = true\nguests_may_create = false\n";
    home.write("waxseal.toml", settings);
    home.run(&["init"]).ok();
    let server = home.serve(&[]);
    let (status, closed) = see(&server, "GET", "/", "");
    assert!(status == 200 && !closed.contains("<form") && closed.contains("Tom &#38; Ann&#39;s"), "{closed}");
    let (_, front) = see(&server, "GET", &format!("/secret/{}", key(&server)), "");
    assert!(front.contains("name=\"check\""), "{front}");
}

#[cfg(not(feature = "pages"))]
#[test]
fn without_pages_it_says_what_a_link_is_and_a_look_opens_nothing() {
    let home = Home::new();
    let server = home.serve(&[]);
    let key = key(&server);
    let path = format!("/secret/{key}");
    let (status, told) = see(&server, "GET", &path, "");
    assert!(status == 200 && told.contains(&format!("/api/v1/secret/{key}")), "{told}");
    for method in ["POST", "DELETE", "OPTIONS"] {
        assert_eq!(see(&server, method, &path, ""), (404, "Not Found\n".to_owned()), "{method}");
    }
    assert!(see(&server, "GET", "/", "").1.contains("curl -d secret=hello"));
    assert_eq!(server.ask("POST", &format!("/api/v1{path}"), "", None).1["value"], "kept");
}
